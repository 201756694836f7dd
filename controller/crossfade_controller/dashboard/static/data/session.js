// Who is at the page: a token that this tab alone keeps, and what the controller says of it.

const KEY = "crossfade-token";
const WHO = "/v1/whoami";
const RUN_OF_PATH = /^\/v1\/runs\/([^/:?]+)/;

class Session extends EventTarget {
  constructor() {
    super();
    this.who = null;
    this.numTold = 0;
  }

  get headers() {
    const token = sessionStorage.getItem(KEY);
    return token === null ? {} : { Authorization: `Bearer ${token}` };
  }

  // On another run than its own a bound token is worth nothing: one looks on as anybody may.
  headersFor(path) {
    const [, run] = RUN_OF_PATH.exec(path) ?? [];
    return run === undefined || this.reaches(run) ? this.headers : {};
  }

  reaches(run) {
    return (this.who?.run ?? run) === run;
  }

  get loggedIn() {
    return this.who !== null && !this.who.anonymous;
  }

  may(scope, run) {
    return this.barTo(scope, run) === null;
  }

  // Why one may not do what needs a scope, in words; null where one may.
  barTo(scope, run) {
    const scopes = this.who?.scopes ?? [];
    if (!scopes.includes(scope) && !scopes.includes("admin")) return `log in with a token that has the ${scope} scope`;
    return this.reaches(run) ? null : `log in with another token: yours is bound to run ${this.who.run}`;
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
    const { numTold } = this;
    const who = await this.ask(this.headers);
    if (this.numTold !== numTold) return; // somebody logged in meanwhile
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
    this.numTold += 1;
    this.dispatchEvent(new Event("change"));
  }
}

export const session = new Session();
