// Keeps a batch on the page up to date while its films are read, and saves patient labels as they are typed.
// Milliseconds between two looks while films are read: a film takes a few tenths of a second.
const PAUSE = 1000;
const place = document.getElementById("batch");
let timer = 0, asked = 0, said = "";

// Fetch the rows again; `after` is called with the part of the page once it is new.
export async function refresh(after = () => {}) {
  asked += 1;
  const mine = asked, answer = await fetch(place.dataset.rows, { credentials: "same-origin" }).catch(() => null);
  if (!answer || !answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".batch");
  if (!fresh || mine !== asked) return; // a newer one is on its way
  const active = document.activeElement, typed = place.contains(active) && active.name ? active : null;
  place.replaceChildren(document.adoptNode(fresh));
  if (typed) restore(typed);
  after(fresh);
  announce(fresh);
}

// A label that is being typed stays, with the cursor where it is.
function restore(typed) {
  const twin = place.querySelector(`[name="${typed.name}"]`);
  if (!twin) return;
  const isNew = typed.value !== twin.value;
  twin.value = typed.value;
  twin.focus({ preventScroll: true });
  twin.setSelectionRange(typed.selectionStart, typed.selectionEnd);
  if (isNew) save(twin);
}

function announce(part) {
  const words = part.querySelector(".said").textContent.replace(/\s+/g, " ").trim();
  if (words === said) return;
  said = words;
  document.getElementById("announced").textContent = words;
}

export function isDone() {
  const part = place.querySelector(".batch");
  return part !== null && part.dataset.done === part.dataset.total;
}

// Look again and again until all films are done.
export function watch(after) {
  clearTimeout(timer);
  if (isDone()) return;
  timer = setTimeout(async () => {
    await refresh(after);
    watch(after);
  }, PAUSE);
}

async function save(field) {
  const form = field.form, body = new URLSearchParams();
  body.set("csrf_token", form.elements.csrf_token.value);
  body.set(field.name, field.value);
  const how = { method: "POST", body, headers: { Accept: "application/json" } };
  const answer = await fetch(form.action, how).catch(() => null), told = place.querySelector("[data-saved]");
  if (told) told.hidden = !(answer && answer.ok);
}

place.addEventListener("change", (event) => {
  if (event.target.closest("[data-labels]")) save(event.target);
});

if (place.dataset.rows) watch(); // on the batch's own page
