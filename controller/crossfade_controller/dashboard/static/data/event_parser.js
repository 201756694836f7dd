// The wire form of server-sent events (the HTML standard, section "Server-sent events"), taken in as it arrives.

export class EventParser {
  constructor() {
    this.rest = "";
    this.lastEventId = null;
    this.begin();
  }

  begin() {
    this.kind = "message";
    this.data = [];
  }

  // Gives the events that are complete with this piece of text, as [{kind, data}, …]; `data` is text.
  push(text) {
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop();
    return lines.flatMap((line) => this.line(line));
  }

  line(line) {
    if (line === "") return this.finish();
    const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line);
    if (name === "event") this.kind = value;
    if (name === "data") this.data.push(value);
    if (name === "id") this.lastEventId = value;
    return [];
  }

  finish() {
    const event = { kind: this.kind, data: this.data.join("\n") };
    const events = this.data.length > 0 ? [event] : [];
    this.begin();
    return events;
  }
}
