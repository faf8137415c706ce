// Polls the state of the run once a second and draws it. Text goes in as text, never as markup.
"use strict";

const byId = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const number = (value, digits = 0) =>
  value === null || value === undefined
    ? "–"
    : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const milliseconds = (value) => (value === null || value === undefined ? "–" : `${number(value, value < 10 ? 2 : value < 100 ? 1 : 0)} ms`);
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
const PLAYING = new Set(["warm-up", "measure", "cool-down"]);
let edited = false;

function text(id, value) {
  const node = byId(id);
  if (node.textContent !== value) node.textContent = value;
}

function table(id, head, rows) {
  const cells = (tag, values) => {
    const line = document.createElement("tr");
    for (const value of values) {
      const cell = document.createElement(tag);
      const [first, under] = Array.isArray(value) ? value : [value];
      cell.textContent = first;
      if (under) {
        const more = document.createElement("div");
        more.className = "under";
        more.textContent = under;
        cell.append(more);
      }
      line.append(cell);
    }
    return line;
  };
  byId(id).replaceChildren(...(head ? [cells("th", head)] : []), ...rows.map((row) => cells("td", row)));
}

function draw(id, lines, { step, unit }) {
  const svg = byId(id);
  const width = svg.clientWidth || 560, height = 230, left = 46, bottom = 22, top = 8;
  const points = Math.max(...lines.map((line) => line.values.length));
  svg.dataset.points = String(points);
  svg.dataset.unit = unit;
  const length = Math.max(2, ...lines.map((line) => line.values.length));
  const peak = Math.max(1e-9, ...lines.flatMap((line) => line.values.filter((v) => v !== null)));
  const [most, tick] = scale(peak);
  const x = (index) => left + ((width - left - 6) * index) / (length - 1);
  const y = (value) => height - bottom - ((height - bottom - top) * value) / most;
  const nodes = [];
  const add = (name, attributes, content) => {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (content !== undefined) node.textContent = content;
    nodes.push(node);
  };
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  if (!points) {
    add("text", { x: width / 2, y: height / 2, "text-anchor": "middle", class: "empty" }, "nothing to show yet");
    svg.replaceChildren(...nodes);
    return;
  }
  for (let value = 0; value <= most + tick / 2; value += tick) {
    add("line", { x1: left, x2: width - 6, y1: y(value), y2: y(value), class: "axis" });
    add("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, number(value, tick < 1 ? 2 : 0));
  }
  const marks = new Set([0, 1, 2, 3, 4].map((part) => Math.round(((length - 1) * part) / 4)));
  for (const index of marks) {
    const anchor = index === length - 1 ? "end" : index ? "middle" : "start";
    add("text", { x: x(index), y: height - 5, "text-anchor": anchor }, clock(index * step));
  }
  for (const line of lines) {
    let path = "", pen = false;
    line.values.forEach((value, index) => {
      if (value === null) { pen = false; return; }
      path += `${pen ? "L" : "M"}${x(index).toFixed(1)},${y(value).toFixed(1)}`;
      pen = true;
    });
    const look = { d: path, fill: "none", "stroke-width": line.thin ? 1.5 : 2, "stroke-linejoin": "round" };
    if (line.thin) look["stroke-dasharray"] = "5 4";
    add("path", look);
    nodes[nodes.length - 1].style.stroke = `var(${line.colour})`;
  }
  svg.replaceChildren(...nodes);
}

function scale(peak) {
  const raw = peak / 4, power = 10 ** Math.floor(Math.log10(raw));
  const tick = [1, 2, 2.5, 5, 10].map((part) => part * power).find((part) => part >= raw);
  return [Math.ceil((peak * 1.02) / tick) * tick, tick];
}

function promisedAt(targets, seconds) {
  let now = targets.length ? targets[0][1] : 0;
  for (const [since, tps] of targets) if (seconds >= since) now = tps;
  return now;
}

function show(state) {
  const { series, arrivals, outcomes } = state;
  const facts = state.run_id
    ? [state.stage, `${clock(state.elapsed_s)}${state.seconds ? ` of ${clock(state.seconds)}` : ""}`, state.run_id,
       `${state.host} (${state.server})`, `${state.users} users`]
    : [state.stage === "bootstrap" ? "the population is being prepared" : "no run yet: start one in Locust"];
  text("facts", facts.join(" · "));
  document.body.dataset.stage = state.stage;
  const per = series.step_s || 1;
  const rates = (values) => values.map((value) => value / per);
  const answered = rates(series.answered);
  const done = state.stage === "done";
  const delivered = done ? state.delivered_tps : answered[answered.length - 1];
  text("delivered", delivered === undefined || delivered === null ? "–" : `${number(delivered, done ? 1 : 0)} TPS`);
  text("promised", done
    ? `on average; ${number(state.promised_tps, 1)} promised`
    : `${number(state.target_tps, state.target_tps % 1 ? 1 : 0)} promised, ${number(state.in_flight)} in flight`);
  text("p99", milliseconds(state.response_ms.p99));
  text("p50", `P50 ${milliseconds(state.response_ms.p50)}, P95 ${milliseconds(state.response_ms.p95)}; service P99 ${milliseconds(state.service_ms.p99)}`);
  draw("rate", [
    { values: answered.map((_, index) => promisedAt(state.targets, index * per)), colour: "--three", thin: true },
    { values: rates(series.offered), colour: "--two" },
    { values: answered, colour: "--one" },
  ], { step: per, unit: "TPS" });
  draw("latency", [
    { values: series.p99_ms, colour: "--two" },
    { values: series.p50_ms, colour: "--one" },
  ], { step: per, unit: "ms" });
  table("patterns", ["pattern", "accepted", "rejected", "in doubt", "not as asked", "mean response"],
    state.patterns.map((line) => [line.pattern, number(line.accepted), number(line.rejected),
      number(line.indeterminate), number(line.unexpected), milliseconds(line.mean_ms)]));
  table("counts", null, [
    ["offered", number(arrivals.offered)], ["sent", number(arrivals.sent)], ["late", number(arrivals.late)],
    ["dropped", number(arrivals.dropped)], ["accepted", number(outcomes.accepted)], ["rejected", number(outcomes.rejected)],
    ["in doubt", number(outcomes.indeterminate)], ["not what was asked for", number(outcomes.unexpected)]]);
  table("money", ["asset", "moved", "in doubt", "too much or missing"],
    state.money.map((line) => [line.asset, line.moved, line.in_doubt, line.missing || "–"]));
  text("amiss", state.amiss.length ? `Surely amiss: ${state.amiss.join("; ")}` : "");
  const wrong = [...Object.entries(state.codes), ...Object.entries(state.faults)];
  table("codes", null, wrong.length ? wrong.map(([name, count]) => [[name, state.meanings[name]], number(count)]) : [["none", ""]]);
  table("processes", ["process", "arrivals", "in flight", ""],
    state.processes.map((one) => [one.name, number(one.offered), number(one.in_flight), one.up ? "" : state.stage === "done" ? "done" : "gone"]));
  judge(state);
  const playing = PLAYING.has(state.stage);
  byId("tps").disabled = byId("set").disabled = !playing;
  if (!edited) byId("tps").value = state.target_tps ? String(state.target_tps) : "";
}

function judge(state) {
  const done = state.stage === "done";
  const verdict = byId("verdict");
  text("verdict", state.verdict);
  verdict.className = `big ${state.verdict}`;
  text("verdict-says", done ? `exit code ${state.exit_code}` : state.stage === "audit" ? "the books are being read" : "judged after the run");
  byId("judgement").hidden = !done;
  if (!done) return;
  byId("gates").replaceChildren(...(state.gates.length ? state.gates : ["Every promise was kept."]).map((says) => {
    const line = document.createElement("p");
    line.textContent = says;
    return line;
  }));
  byId("invariants").replaceChildren(...Object.entries(state.invariants).map(([name, word]) => {
    const item = document.createElement("li"), what = document.createElement("span"), said = document.createElement("span");
    what.textContent = name;
    said.textContent = word;
    said.className = word;
    item.append(what, said);
    return item;
  }));
  byId("findings").replaceChildren(...[...state.findings, ...state.doubts].map((says) => {
    const item = document.createElement("li");
    item.textContent = says;
    return item;
  }));
  byId("report").hidden = !state.report;
}

function say(words, bad = false) {
  text("said", words);
  byId("said").className = bad ? "bad" : "";
}

byId("tps").addEventListener("input", () => { edited = true; });
byId("target").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await fetch("./demogen/target-tps", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ target_tps: byId("tps").value }),
  });
  const told = await answer.json();
  edited = false;
  say(answer.ok ? `${told.target_tps} TPS from two seconds on` : told.error, !answer.ok);
});

async function poll() {
  try {
    const answer = await fetch("./demogen/state", { cache: "no-store" });
    if (!answer.ok || answer.redirected) throw new Error("signed out");
    show(await answer.json());
    document.body.dataset.live = "yes";
  } catch (error) {
    document.body.dataset.live = "no";
    text("facts", `no answer from Locust (${error.message}); figures stand as they were`);
  }
  setTimeout(poll, 1000);
}

poll();
