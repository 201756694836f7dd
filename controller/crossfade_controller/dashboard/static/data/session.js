// Who is at the page: a token that this tab alone keeps, and what the controller says of it.

const KEY = "crossfade-token";
const WHO = "/v1/whoami";

class Session extends EventTarget {
  constructor() {
    super();
    this.who = null;
  }

  get headers() {
    const token = sessionStorage.getItem(KEY);
    return token === null ? {} : { Authorization: `Bearer ${token}` };
  }

  get loggedIn() {
    return this.who !== null && !this.who.anonymous;
  }

  may(scope) {
    return this.who !== null && (this.who.scopes.includes(scope) || this.who.scopes.includes("admin"));
  }

  // Takes a token that the controller knows; throws an Error and keeps none where it knows it not.
  async logIn(token) {
    const who = await this.ask({ Authorization: `Bearer ${token}` });
    if (who === null) throw new Error("The controller does not know this token: it is mistyped, revoked or too old.");
    sessionStorage.setItem(KEY, token);
    this.become(who);
  }

  async logOut() {
    sessionStorage.removeItem(KEY);
    this.become(await this.ask({}));
  }

  // Asks again who one is; a token that is known no longer is forgotten.
  async refresh() {
    const who = await this.ask(this.headers);
    if (who === null && sessionStorage.getItem(KEY) !== null) await this.logOut();
    else this.become(who);
  }

  // Gives null where the controller wants a token that it knows.
  async ask(headers) {
    const response = await fetch(WHO, { headers, cache: "no-store" });
    if (response.status === 401) return null;
    if (!response.ok) throw new Error(`${WHO} answered ${response.status}`);
    return response.json();
  }

  become(who) {
    this.who = who;
    this.dispatchEvent(new Event("change"));
  }
}

export const session = new Session();
