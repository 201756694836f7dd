// What the controller would say to a draft: its guard rails' verdict and its forecast, asked for as somebody drags.

import { previewVersion } from "../data/api.js";

const PAUSE_MILLISECONDS = 80;

export class Preview {
  // `onAnswer` is told whenever `answer` or `failure` changed.
  constructor(run, onAnswer) {
    Object.assign(this, { run, onAnswer, wanted: null, asked: null, answer: null, failure: null });
  }

  // Asks about a draft; while an answer is on its way, only the newest draft waits for the next.
  ask(change) {
    this.wanted = change;
    if (this.asked === null) this.read();
  }

  forget() {
    Object.assign(this, { wanted: null, answer: null, failure: null });
  }

  get waiting() {
    return this.wanted !== null;
  }

  // Whether the answer is to the newest draft.
  get fresh() {
    return !this.waiting && (this.answer ?? this.failure) !== null;
  }

  async read() {
    while (this.wanted !== null) {
      this.asked = this.wanted;
      const news = await previewVersion(this.run, this.asked).then(
        (answer) => ({ answer, failure: null }),
        (error) => ({ answer: null, failure: error.message }),
      );
      if (this.wanted === this.asked) this.wanted = null;
      else if (this.wanted === null) break; // it was forgotten meanwhile
      Object.assign(this, news);
      this.onAnswer();
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
    }
    this.asked = null;
  }
}
