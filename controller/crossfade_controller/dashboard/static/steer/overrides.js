// The rails an approver may set aside for one version, each by a box of its own.

import { element, showEach } from "../frame/dom.js";

// `allowed` says whether somebody may; `chosen` is the set of rails that are set aside; `onChange` is told when it
// changed.
export function showOverrides(host, { allowed, answer, chosen }, onChange) {
  const found = [...(answer?.guardrails ?? []), ...(answer?.problem?.guardrails ?? [])].map(({ rail }) => rail);
  const rails = allowed ? [...new Set([...chosen, ...found])].sort() : [];
  showEach(
    host,
    rails.map((rail) => ({ rail, checked: chosen.has(rail) })),
    ({ rail, checked }) => {
      const box = element("input", { type: "checkbox", checked, "data-testid": `override-${rail}` });
      box.addEventListener("change", () => {
        if (box.checked) chosen.add(rail);
        else chosen.delete(rail);
        onChange();
      });
      return element("label", {}, box, `Override ${rail.replaceAll("_", " ")}; it is kept with your name and reason`);
    },
  );
}
