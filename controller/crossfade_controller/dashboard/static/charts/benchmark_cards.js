// The charts of scores: one a capability as scores come, and one of the losses on held-out text.

import { inOrder } from "../frame/dom.js";
import { isLoss, scoresByCapability } from "../shape/scores.js";
import { benchmarkAxis, scoresPicture } from "./benchmarks.js";

const REASON = "No benchmark scores yet: the evaluator posts them after the first checkpoint.";
const BAND = "shaded: ± 1 standard error.";

export class BenchmarkCards {
  // `makeCard(about)` makes a card on the axis that all charts share.
  constructor(host, makeCard) {
    Object.assign(this, { host, makeCard, cards: new Map() });
  }

  get all() {
    return [...this.cards.values()];
  }

  draw(state, colours, places) {
    const charts = chartsOf(state.benchmarks, state.run.sources);
    this.keepOnly(new Set(charts.map(({ key }) => key)));
    for (const { key, results, why, ...about } of charts) {
      const card = this.cards.get(key) ?? this.add(key, { ...about, file: `${state.name}-${key}` });
      card.draw(why ? { why } : scoresPicture(results, state.run.targets, colours, places));
    }
    inOrder(
      this.host,
      charts.map(({ key }) => this.cards.get(key).node),
    );
  }

  keepOnly(keys) {
    for (const [key, card] of this.cards) {
      if (keys.has(key)) continue;
      card.remove();
      this.cards.delete(key);
    }
  }

  add(key, about) {
    const card = this.makeCard({ ...about, y: benchmarkAxis });
    this.cards.set(key, card);
    this.host.append(card.node);
    return card;
  }
}

function chartsOf(results, sources) {
  if (results === null || results.length === 0) {
    const why = results === null ? "Reading the scores …" : REASON;
    return [{ key: "benchmarks", title: "Benchmarks", caption: "", testId: "benchmarks-chart", why }];
  }
  const scores = scoresByCapability(results, sources).map(({ key, capability, lowerIsBetter, results: its }) => ({
    key,
    title: `Benchmarks: ${capability}`,
    caption: lowerIsBetter ? `Lower is better; ${BAND}` : `As lm-eval gives them; ${BAND}`,
    testId: `benchmarks-chart-${key}`,
    results: its,
  }));
  const losses = results.filter(isLoss);
  if (losses.length === 0) return scores;
  const caption = `Lower is better; ${BAND}`;
  return [
    ...scores,
    { key: "held-out", title: "Held-out bits per byte", caption, testId: "bits-per-byte-chart", results: losses },
  ];
}
