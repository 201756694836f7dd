// A chart on the page: its title, what it shows in a word, its export, and the chart.

import { element } from "../frame/dom.js";
import { exportMenu } from "../frame/files.js";
import { Chart } from "./chart.js";
import { pictureOf } from "./png.js";

export class ChartCard {
  // `about`: {title, caption, testId, file, axis, tooltip, y}.
  constructor({ title, caption, testId, file, axis, tooltip, y }) {
    const host = element("div", { class: "chart", "data-testid": testId, "aria-label": `${title}. ${caption}` });
    const rows = () => this.chart.picture.rows();
    const picture = () => pictureOf(this.chart, `${file}: ${title}`);
    this.menu = exportMenu(file, { rows, picture });
    const head = element("div", { class: "card-head" }, element("h2", {}, title), captionOf(caption), this.menu);
    this.node = element("section", { class: "card" }, head, host);
    this.chart = new Chart(host, axis, tooltip, y);
  }

  draw(picture) {
    this.menu.hidden = Boolean(picture.why);
    this.chart.draw(picture);
  }

  remove() {
    this.chart.remove();
    this.node.remove();
  }
}

const captionOf = (text) => element("p", { class: "caption" }, text);
