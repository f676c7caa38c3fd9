// What the pages behind mailed links share: the language, the secret, and how the API is asked.
// The secret is read from the fragment, which browsers send to no server,
// and leaves the address bar at once.

const TEXTS = {
  en: {
    incomplete: "This link is incomplete. Open it from the mail again, or copy all of it.",
    wait: "Too many tries. Please wait {seconds} seconds, then press the button again.",
    later: "That did not work just now. Please try again in a moment.",
    sending: "One moment …",
    to_phone: "Open the phone page",
    to_console: "Open the console",
  },
  de: {
    incomplete: "Dieser Link ist unvollständig. Öffnen Sie ihn noch einmal aus der E-Mail, oder kopieren Sie ihn ganz.",
    wait: "Zu viele Versuche. Bitte warten Sie {seconds} Sekunden und drücken Sie dann noch einmal.",
    later: "Das hat gerade nicht geklappt. Bitte versuchen Sie es gleich noch einmal.",
    sending: "Einen Moment …",
    to_phone: "Zur Seite für das Telefon",
    to_console: "Zur Konsole",
  },
  es: {
    incomplete: "Este enlace está incompleto. Ábralo otra vez desde el correo o cópielo entero.",
    wait: "Demasiados intentos. Espere {seconds} segundos y pulse de nuevo.",
    later: "No ha funcionado en este momento. Inténtelo de nuevo en un instante.",
    sending: "Un momento …",
    to_phone: "Abrir la página para el teléfono",
    to_console: "Abrir la consola",
  },
  fr: {
    incomplete: "Ce lien est incomplet. Ouvrez-le de nouveau depuis le message ou copiez-le en entier.",
    wait: "Trop de tentatives. Attendez {seconds} secondes, puis appuyez de nouveau.",
    later: "Cela n’a pas fonctionné pour l’instant. Réessayez dans un moment.",
    sending: "Un instant …",
    to_phone: "Ouvrir la page pour le téléphone",
    to_console: "Ouvrir la console",
  },
};

// The reader's first language that the pages have, with its region: dates follow that.
function readersTag() {
  const wanted = navigator.languages && navigator.languages.length ? navigator.languages : [navigator.language || "en"];
  return wanted.find((tag) => Object.hasOwn(TEXTS, mainOf(tag))) || "en";
}

function mainOf(tag) {
  return tag.toLowerCase().split("-")[0];
}

export const tag = readersTag();
export const lang = mainOf(tag);

// The words of a page in the reader's language, with those that all pages share.
export function words(texts) {
  return { ...TEXTS[lang], ...texts[lang] };
}

// Puts the words where the page names them.
export function fill(text) {
  document.documentElement.lang = lang;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = text[element.dataset.text];
  }
}

// Read once, kept nowhere but in the script. Some mail programs escape the fragment.
function takeSecret() {
  let secret = location.hash.slice(1);
  try {
    secret = decodeURIComponent(secret);
  } catch {
    // It stays as it is; the server says that it opens nothing.
  }
  history.replaceState(null, "", location.pathname + location.search);
  return secret;
}

// Hands over the secret now, and again when a second link is opened in the same tab.
export function onSecret(use) {
  addEventListener("hashchange", () => {
    if (location.hash.length > 1) use(takeSecret());
  });
  use(takeSecret());
}

export async function post(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    credentials: "omit",
    cache: "no-store",
  });
  const answer = response.status === 204 ? {} : await response.json();
  return { response, answer };
}

// Shows the way on, where this installation serves the phone page and the console at all.
export async function showOnward() {
  const response = await fetch("phone", { method: "HEAD", credentials: "omit" }).catch(() => null);
  if (response && response.ok) document.getElementById("onward").hidden = false;
}

// What to say when the same request may succeed later.
export function laterText(text, response) {
  if (response.status !== 429) return text.later;
  return text.wait.replace("{seconds}", response.headers.get("retry-after") || "60");
}
