// The page's own script: which study is shown, its charts, what is pointed at and selected, the search for a number.
// Everything that is read from data enters the page as text.
const data = JSON.parse(document.getElementById("data").textContent);
const code = new Blob([JSON.parse(document.getElementById("datatables").textContent)], { type: "text/javascript" });
const { default: DataTable } = await import(URL.createObjectURL(code));
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const charts = new Map(), tables = new Map(); // element -> the Vega view, the DataTable in it
let article, study, hovered = "", chosen = "", run = "";

function element(name, text, attributes = {}) {
  const made = Object.assign(document.createElement(name), attributes);
  if (text !== undefined) made.textContent = text;
  return made;
}

// Studies and views

function show(name) {
  for (const other of all("article.study")) other.hidden = other.dataset.study !== name;
  article = document.querySelector("article.study:not([hidden])");
  study = data.studies[name];
  document.getElementById("study").value = name;
  for (const link of all("nav a")) link.hidden = !sectionOf(link.dataset.view);
  for (const table of all("table.data:not(.dataTable)", article)) tabulate(table);
  for (const chart of all(".chart", article)) seen.observe(chart);
  choose(chosen);
  open(Object.keys(study.runs).find((path) => path));
  budget();
  if (study.pairs) architectures();
}

function sectionOf(view) {
  return (article.querySelector(`[data-section="${view}"]`) ?? document.querySelector(`main > [data-section="${view}"]`));
}

function tabulate(table) {
  const options = { order: [], lengthMenu: [10, 15, 25, 50, { label: "all", value: -1 }], pageLength: Number(table.dataset.pageLength) };
  tables.set(table, new DataTable(table, { ...options, autoWidth: false, language: { search: "Filter:" } }));
}

// Charts

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) draw(entry.target);
}, { rootMargin: "400px" });

async function draw(place) {
  seen.unobserve(place);
  const group = place.dataset.group;
  const choice = article.querySelector(`select.choose[data-group="${group}"]`)?.value ?? group;
  const specification = study.charts[`${group}/${choice}`];
  if (!specification || place.drawn === specification) return;
  place.drawn = specification;
  charts.get(place)?.finalize();
  const { view } = await vegaEmbed(place, specification, { actions: false, renderer: "svg" });
  charts.set(place, view);
  view.addEventListener("mouseover", (_, item) => point(item?.datum?.cell ?? ""));
  view.addEventListener("mouseout", () => point(""));
  view.addEventListener("click", (_, item) => item?.datum?.cell && choose(item.datum.cell));
  signal(view, { chosen, run });
}

function signal(view, values) {
  for (const [name, value] of Object.entries(values)) {
    try { view.signal(name, value); } catch { continue; } // not every chart has each
  }
  view.runAsync();
}

function everywhere(values) {
  for (const [place, view] of charts) if (article.contains(place)) signal(view, values);
}

function gridRows() {
  return all("table.grid", article).flatMap((table) => tables.get(table).rows().nodes().toArray());
}

function rows(cell, name) {
  for (const row of gridRows()) row.classList.toggle(name, row.dataset.cell === cell);
}

function point(cell) {
  if (cell === hovered) return;
  hovered = cell;
  rows(hovered, "hovered");
  everywhere({ hovered });
}

function choose(cell) {
  chosen = cell === chosen ? "" : cell;
  rows(chosen, "chosen");
  for (const row of gridRows()) row.querySelector("button.pick").ariaPressed = String(row.dataset.cell === chosen);
  everywhere({ chosen });
}

function budget() {
  const { points } = study.costs[article.querySelector('select.choose[data-group="cost"]').value];
  const limit = parseFloat(article.querySelector(".budget").value);
  const within = points.filter((point) => point.cost <= limit).sort((a, b) => b.accuracy - a.accuracy);
  const words = within.length
    ? `Most accurate of ${within.length} within it: ${within[0].configuration} on ${within[0].architecture}, ${within[0].shown} at ${within[0].price}`
    : "Nothing is within it.";
  article.querySelector(".affordable").textContent = isNaN(limit) ? "" : words;
}

// Runs

function open(path, goes = false) {
  run = path;
  const of = study.runs[path];
  article.querySelector(".run-title").textContent = of.title;
  confusion(article.querySelector(".confusion"), of);
  const record = article.querySelector("dl.record");
  record.replaceChildren();
  for (const [name, value] of Object.entries({ file: path, ...of.record, ...study.runs[""].record })) {
    record.append(element("dt", name), element("dd", value));
  }
  for (const row of all("tr[data-run]", article)) row.classList.toggle("chosen", row.dataset.run === path);
  everywhere({ run });
  if (goes) {
    article.querySelector(".run").scrollIntoView();
    article.querySelector(".run").focus({ preventScroll: true });
  }
}

function confusion(table, of) {
  table.replaceChildren(element("caption", of.confusion ? "Test texts: a row an actual class, a column a predicted" : "The commonest confusions"));
  const head = table.createTHead().insertRow(), body = table.createTBody();
  if (!of.confusion) {
    for (const name of ["actual", "predicted", "texts"]) head.append(element("th", name, { scope: "col" }));
    for (const line of of.confusions) line.reduce((row, value) => (row.append(element("td", value)), row), body.insertRow());
    return;
  }
  for (const name of ["", ...of.classes]) head.append(element("th", name, { scope: "col" }));
  of.confusion.forEach((counts, actual) => {
    const row = body.insertRow(), total = counts.reduce((sum, count) => sum + count, 0);
    row.append(element("th", of.classes[actual], { scope: "row" }));
    counts.forEach((count, predicted) => {
      const shade = total ? count / total : 0, hue = actual === predicted ? "0, 114, 178" : "213, 94, 0";
      const cell = element("td", count.toLocaleString("en"));
      cell.style.background = `rgba(${hue}, ${(shade * 0.35).toFixed(3)})`;
      row.append(cell);
    });
  });
}

// Errors

function options(select, names) {
  select.replaceChildren(...names.map((name) => element("option", label(name), { value: name })));
}

const label = (name) => study.names[name] ?? name;

function architectures() {
  options(article.querySelector(".pair-architecture"), Object.keys(study.pairs));
  firsts();
}

function firsts() {
  const of = study.pairs[article.querySelector(".pair-architecture").value] ?? {};
  options(article.querySelector(".pair-first"), Object.keys(of));
  seconds();
}

function seconds() {
  const of = study.pairs[article.querySelector(".pair-architecture").value] ?? {};
  options(article.querySelector(".pair-second"), Object.keys(of[article.querySelector(".pair-first").value] ?? {}));
  apart();
}

function apart() {
  const [architecture, first, second] = ["architecture", "first", "second"].map((part) => article.querySelector(`.pair-${part}`).value);
  const [count, few] = study.pairs[architecture]?.[first]?.[second] ?? [0, []];
  const shown = few.length < count ? `; ${few.length} of them:` : count ? ":" : ".";
  article.querySelector(".pair-count").textContent =
    `${count.toLocaleString("en")} test texts are right in every run of ${label(first)} and wrong in every run of ${label(second)}${shown}`;
  article.querySelector(".pair-texts").replaceChildren(...few.map((row) => {
    const line = element("li");
    line.append(element("span", study.labels[row], { className: "tag" }), ` ${study.texts[row] ?? ""} `, element("span", `row ${row}`, { className: "note" }));
    return line;
  }));
}

// Numbers

const plain = (text) => text.toLowerCase().replaceAll("\u2212", "-").replaceAll("\u00a0", " ").replace(/^\+/, "").trim();
const index = Object.entries(data.numbers).map(([anchor, number]) => ({
  anchor, number, key: plain(number.key), text: plain(number.text), shown: plain(number.shown), all: plain(`${number.key} ${number.shown} ${number.source}`),
}));

function search(words) {
  const wanted = plain(words), bare = wanted.replace(/ ?%$/, "");
  const tests = [
    (entry) => entry.key === wanted,
    (entry) => [entry.text, entry.shown, entry.text.replace(/^[-<]/, "")].some((text) => text === wanted || text === bare),
    (entry) => entry.key.startsWith(wanted),
    (entry) => wanted.split(/\s+/).every((word) => entry.all.includes(word)),
  ];
  if (!wanted) return [];
  for (const test of tests) {
    const found = index.filter(test);
    if (found.length) return found.sort((a, b) => b.number.printed - a.number.printed);
  }
  return [];
}

function list(words) {
  const found = search(words), most = 60;
  document.getElementById("found").textContent = words.trim()
    ? `${found.length} found${found.length > most ? `, the first ${most}:` : ""}` : "";
  document.getElementById("matches").replaceChildren(...found.slice(0, most).map(({ anchor, number }) => {
    const line = element("li"), link = element("a", number.shown, { href: `#${anchor}`, className: "match" });
    line.append(link, " ", element("code", number.key));
    return line;
  }));
}

function origin(anchor) {
  const number = data.numbers[anchor], place = document.getElementById("number");
  const heading = element("h3", number.shown + " "), about = element("dl", undefined, { className: "origin" });
  heading.append(element("code", number.key));
  const say = (name, ...what) => {
    const description = element("dd");
    description.append(...what);
    about.append(element("dt", name), description);
  };
  say("value", number.value);
  say("source", element("code", number.source), `: ${number.sourceKey}`);
  say("made again by", element("code", number.command));
  if (number.records) say("records", ...data.files[number.records].flatMap((file) => [record(file), " "]));
  if (number.parameters) say("parameters", ...data.files[number.parameters].flatMap((file) => [element("code", file), " "]));
  say("in the paper", number.printed ? "printed" : "not printed, shown on this page alone");
  place.replaceChildren(heading, about);
  place.scrollIntoView({ block: "center" });
  place.focus({ preventScroll: true });
}

function record(file) {
  const owner = Object.keys(data.studies).find((name) => file in data.studies[name].runs);
  if (!owner) return element("code", file);
  const button = element("button", file, { type: "button", className: "go" });
  button.addEventListener("click", () => {
    if (owner !== article.dataset.study) show(owner);
    open(file, true);
  });
  return button;
}

function go() {
  const name = decodeURIComponent(location.hash.slice(1));
  if (Object.hasOwn(data.numbers, name)) return origin(name);
  if (name.startsWith("view-")) sectionOf(name.slice(5))?.scrollIntoView();
}

// What the reader does

document.addEventListener("click", ({ target }) => {
  if (target.closest("nav a")?.hash === location.hash) go();
  if (target.closest("a.number, a.match")?.hash === location.hash) go();
  if (target.matches("button.pick")) choose(target.dataset.cell);
  if (target.matches("button.open")) open(target.dataset.run, true);
});
document.addEventListener("change", ({ target }) => {
  if (target.matches("#study")) show(target.value);
  if (target.matches("select.choose")) draw(article.querySelector(`.chart[data-group="${target.dataset.group}"]`));
  if (target.matches('select.choose[data-group="cost"]')) budget();
  if (target.matches(".pair-architecture")) firsts();
  if (target.matches(".pair-first")) seconds();
  if (target.matches(".pair-second")) apart();
});
document.addEventListener("input", ({ target }) => {
  if (target.matches("#search")) list(target.value);
  if (target.matches(".budget")) budget();
});
document.addEventListener("mouseover", ({ target }) => {
  const row = target.closest("table.grid tr[data-cell]");
  if (row || !target.closest(".chart")) point(row?.dataset.cell ?? "");
});
addEventListener("hashchange", go);
addEventListener("beforeprint", () => {
  all(".chart", article).forEach(draw);
  for (const table of all("table.data", article)) tables.get(table).page.len(-1).draw();
});
addEventListener("afterprint", () => {
  for (const table of all("table.data", article)) tables.get(table).page.len(Number(table.dataset.pageLength)).draw();
});

show(Object.keys(data.studies)[0]);
go();
document.documentElement.dataset.ready = "yes";
