// Who is at the page, and how one becomes somebody who may steer.

import { session } from "../data/session.js";
import { byId, sayIn } from "./dom.js";

// Asks who is at the page; a token at the end of the address (`#token=cf_…`) is taken, and taken out of sight.
export function arrive() {
  const token = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (token === undefined) return attempt(() => session.refresh());
  history.replaceState(null, "", location.pathname + location.search);
  return attempt(() => session.logIn(decodeURIComponent(token)));
}

export function offerLogin() {
  session.addEventListener("change", show);
  byId("login-form").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      await session.logIn(byId("token").value.trim());
      byId("login-form").reset();
    });
  });
  byId("logout").addEventListener("click", () => attempt(() => session.logOut()));
}

async function attempt(act) {
  try {
    await act();
    sayIn(byId("login-answer"), "");
  } catch (error) {
    sayIn(byId("login-answer"), error.message);
  }
}

function show() {
  const { who, loggedIn } = session;
  byId("login-form").hidden = loggedIn;
  byId("logout").hidden = !loggedIn;
  sayIn(byId("who"), loggedIn ? `${who.name} (${who.scopes.join(", ")})` : "");
}
