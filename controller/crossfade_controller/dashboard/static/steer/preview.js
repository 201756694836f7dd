// What the controller would say to a draft: its guard rails' verdict and its forecast, asked for as somebody drags.

import { previewVersion } from "../data/api.js";

const SETTLED_MILLISECONDS = 120;

export class Preview {
  // `onAnswer` is told whenever `answer` changed.
  constructor(run, onAnswer) {
    Object.assign(this, { run, onAnswer, answer: null, failure: null, asked: 0, timer: null, unanswered: false });
  }

  // Forgets the answer to an older draft at once and asks for this one as soon as the hand rests for a moment.
  ask(change) {
    this.forget();
    this.unanswered = true;
    this.timer = setTimeout(() => this.read(change, this.asked), SETTLED_MILLISECONDS);
  }

  forget() {
    clearTimeout(this.timer);
    this.asked += 1;
    Object.assign(this, { answer: null, failure: null, unanswered: false });
  }

  async read(change, asked) {
    const news = await previewVersion(this.run, change).then(
      (answer) => ({ answer, failure: null }),
      (error) => ({ answer: null, failure: error.message }),
    );
    if (asked !== this.asked) return; // the draft has changed since
    Object.assign(this, news, { unanswered: false });
    this.onAnswer();
  }
}
