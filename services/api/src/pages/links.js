// The pages that set a password or confirm an address. Nothing is sent before somebody presses the
// button: programs that scan mails open links, too.

import { fill, laterText, onSecret, post, showOnward, words } from "./shared.js";

const TEXTS = {
  en: {
    invite_title: "Choose your password",
    invite_intro: "You have been invited. Choose a password to log in with.",
    invite_send: "Set the password",
    invite_done: "Your password is set. You can log in now.",
    invite_gone: "This invitation was used, has expired, or was replaced by a newer one. Look for a newer mail, or ask for a new invitation.",
    reset_title: "Choose a new password",
    reset_intro: "All your sessions end, and only the new password counts.",
    reset_send: "Set the new password",
    reset_done: "Your new password is set. You can log in now.",
    reset_gone: "This link was used or has expired. Please ask for a new one.",
    confirm_title: "Confirm your e-mail address",
    confirm_intro: "You log in with this address from now on. All your sessions end.",
    confirm_send: "Confirm the address",
    confirm_done: "Your address is confirmed. Log in with it from now on.",
    confirm_gone: "This link was used, has expired, or was called off. Please ask for a new one.",
    confirm_taken: "Somebody else has taken this address meanwhile. Please ask your administrator.",
    password: "New password",
    hint: "At least 15 characters. A few unrelated words do well.",
    show: "Show the password",
    login: "Login",
    organization: "Organisation",
    short: "Use at least 15 characters.",
    long: "Use at most 256 characters.",
    weak: "This password is too easy to guess: it is made of common words, names from your account, or repetition.",
  },
  de: {
    invite_title: "Passwort wählen",
    invite_intro: "Sie wurden eingeladen. Wählen Sie ein Passwort, mit dem Sie sich anmelden.",
    invite_send: "Passwort setzen",
    invite_done: "Ihr Passwort ist gesetzt. Sie können sich jetzt anmelden.",
    invite_gone: "Diese Einladung wurde schon benutzt, ist abgelaufen oder wurde durch eine neuere ersetzt. Suchen Sie eine neuere E-Mail, oder bitten Sie um eine neue Einladung.",
    reset_title: "Neues Passwort wählen",
    reset_intro: "Alle Ihre Sitzungen enden, und nur das neue Passwort gilt.",
    reset_send: "Neues Passwort setzen",
    reset_done: "Ihr neues Passwort ist gesetzt. Sie können sich jetzt anmelden.",
    reset_gone: "Dieser Link wurde schon benutzt oder ist abgelaufen. Bitte fordern Sie einen neuen an.",
    confirm_title: "E-Mail-Adresse bestätigen",
    confirm_intro: "Sie melden sich künftig mit dieser Adresse an. Alle Ihre Sitzungen enden.",
    confirm_send: "Adresse bestätigen",
    confirm_done: "Ihre Adresse ist bestätigt. Melden Sie sich künftig mit ihr an.",
    confirm_gone: "Dieser Link wurde schon benutzt, ist abgelaufen oder wurde zurückgezogen. Bitte fordern Sie einen neuen an.",
    confirm_taken: "Inzwischen hat jemand anders diese Adresse. Bitte wenden Sie sich an Ihre Verwaltung.",
    password: "Neues Passwort",
    hint: "Mindestens 15 Zeichen. Einige Wörter ohne Zusammenhang eignen sich gut.",
    show: "Passwort anzeigen",
    login: "Anmeldename",
    organization: "Organisation",
    short: "Verwenden Sie mindestens 15 Zeichen.",
    long: "Verwenden Sie höchstens 256 Zeichen.",
    weak: "Dieses Passwort ist zu leicht zu erraten: Es besteht aus häufigen Wörtern, Namen aus Ihrem Konto oder Wiederholungen.",
  },
  es: {
    invite_title: "Elija su contraseña",
    invite_intro: "Ha recibido una invitación. Elija una contraseña para iniciar sesión.",
    invite_send: "Guardar la contraseña",
    invite_done: "Su contraseña está guardada. Ya puede iniciar sesión.",
    invite_gone: "Esta invitación ya se usó, ha caducado o fue sustituida por otra más reciente. Busque un correo más reciente o pida una nueva invitación.",
    reset_title: "Elija una nueva contraseña",
    reset_intro: "Se cerrarán todas sus sesiones y solo valdrá la nueva contraseña.",
    reset_send: "Guardar la nueva contraseña",
    reset_done: "Su nueva contraseña está guardada. Ya puede iniciar sesión.",
    reset_gone: "Este enlace ya se usó o ha caducado. Pida uno nuevo.",
    confirm_title: "Confirme su dirección de correo",
    confirm_intro: "A partir de ahora iniciará sesión con esta dirección. Se cerrarán todas sus sesiones.",
    confirm_send: "Confirmar la dirección",
    confirm_done: "Su dirección está confirmada. Inicie sesión con ella a partir de ahora.",
    confirm_gone: "Este enlace ya se usó, ha caducado o fue anulado. Pida uno nuevo.",
    confirm_taken: "Otra persona tiene ahora esta dirección. Consulte a su administrador.",
    password: "Nueva contraseña",
    hint: "Al menos 15 caracteres. Unas pocas palabras sin relación son una buena opción.",
    show: "Mostrar la contraseña",
    login: "Usuario",
    organization: "Organización",
    short: "Use al menos 15 caracteres.",
    long: "Use como máximo 256 caracteres.",
    weak: "Esta contraseña es demasiado fácil de adivinar: contiene palabras comunes, nombres de su cuenta o repeticiones.",
  },
  fr: {
    invite_title: "Choisissez votre mot de passe",
    invite_intro: "Vous avez reçu une invitation. Choisissez un mot de passe pour vous connecter.",
    invite_send: "Enregistrer le mot de passe",
    invite_done: "Votre mot de passe est enregistré. Vous pouvez maintenant vous connecter.",
    invite_gone: "Cette invitation a déjà été utilisée, a expiré ou a été remplacée par une plus récente. Cherchez un message plus récent ou demandez une nouvelle invitation.",
    reset_title: "Choisissez un nouveau mot de passe",
    reset_intro: "Toutes vos sessions seront fermées et seul le nouveau mot de passe sera valable.",
    reset_send: "Enregistrer le nouveau mot de passe",
    reset_done: "Votre nouveau mot de passe est enregistré. Vous pouvez maintenant vous connecter.",
    reset_gone: "Ce lien a déjà été utilisé ou a expiré. Demandez-en un nouveau.",
    confirm_title: "Confirmez votre adresse e-mail",
    confirm_intro: "Vous vous connecterez désormais avec cette adresse. Toutes vos sessions seront fermées.",
    confirm_send: "Confirmer l’adresse",
    confirm_done: "Votre adresse est confirmée. Connectez-vous désormais avec elle.",
    confirm_gone: "Ce lien a déjà été utilisé, a expiré ou a été annulé. Demandez-en un nouveau.",
    confirm_taken: "Quelqu’un d’autre utilise désormais cette adresse. Adressez-vous à votre administrateur.",
    password: "Nouveau mot de passe",
    hint: "Au moins 15 caractères. Quelques mots sans rapport entre eux conviennent bien.",
    show: "Afficher le mot de passe",
    login: "Identifiant",
    organization: "Organisation",
    short: "Utilisez au moins 15 caractères.",
    long: "Utilisez au plus 256 caractères.",
    weak: "Ce mot de passe est trop facile à deviner : il contient des mots courants, des noms de votre compte ou des répétitions.",
  },
};

const PAGES = {
  invite: { path: "v1/invitations/accept", asks: true },
  reset: { path: "v1/password-resets/confirm", asks: true },
  confirm: { path: "v1/email-changes/confirm", asks: false },
};

const MIN_CHARS = 15;
const MAX_CHARS = 256;

const text = words(TEXTS);
const name = document.body.dataset.page;
const page = PAGES[name];
const form = document.getElementById("form");
const field = document.getElementById("password");
const fault = document.getElementById("fault");
const button = document.getElementById("send");
const status = document.getElementById("status");

let secret = "";

function say(message, isFault) {
  status.textContent = message;
  status.className = isFault ? "fault" : "";
}

function end(message) {
  form.hidden = message !== null;
  document.getElementById("intro").hidden = message !== null;
  say("", false);
  if (message !== null) say(message, true);
}

function sayFault(message) {
  fault.textContent = message;
  fault.hidden = message === "";
  field.setAttribute("aria-invalid", message === "" ? "false" : "true");
  if (message !== "") field.focus();
}

function faultOf(password) {
  const chars = [...password].length;
  if (chars < MIN_CHARS) return text.short;
  return chars > MAX_CHARS ? text.long : "";
}

function done(answer) {
  end("");
  status.className = "";
  status.textContent = text[`${name}_done`];
  for (const [label, value] of [[text.login, answer.login], [text.organization, answer.organization]]) {
    if (!value) continue;
    const line = document.createElement("p");
    const strong = document.createElement("strong");
    strong.textContent = value;
    line.append(`${label}: `, strong);
    status.append(line);
  }
  showOnward();
}

function refused(response, problem) {
  const codes = (problem.errors || []).map((error) => error.code);
  if (response.status === 410) return end(text[`${name}_gone`]);
  if (response.status === 409) return end(text.confirm_taken || text.later);
  if (codes.includes("weak_password") && page.asks) {
    say("", false);
    return sayFault(faultOf(field.value) || text.weak);
  }
  return say(laterText(text, response), true);
}

async function send() {
  const body = { token: secret };
  if (page.asks) body.password = field.value;
  const { response, answer } = await post(page.path, body);
  if (response.ok) done(answer);
  else refused(response, answer);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (page.asks) {
    sayFault(faultOf(field.value));
    if (!fault.hidden) return;
  }
  button.disabled = true;
  say(text.sending, false);
  try {
    await send();
  } catch {
    say(text.later, true);
  } finally {
    button.disabled = false;
  }
});

const show = document.getElementById("show");
if (show) {
  show.addEventListener("change", () => {
    field.type = show.checked ? "text" : "password";
  });
}

fill(text);
document.title = text[`${name}_title`];
onSecret((found) => {
  secret = found;
  document.getElementById("onward").hidden = true;
  end(secret === "" ? text.incomplete : null);
});
