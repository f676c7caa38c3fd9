// The page on which a person answers an offer. Opening it changes nothing: programs that scan mails
// open links, too, and some run scripts. Only a button sends an answer.

import { fill, laterText, onSecret, post, showOnward, tag, words } from "./shared.js";

const TEXTS = {
  en: {
    offer_title: "A case is offered to you",
    could_title: "Could you do this?",
    offer_intro: "{name}, {organization} offers you this case. Nothing is decided until you press a button.",
    broadcast_intro: "{name}, {organization} offers this case to you and to others. The first to accept gets it. Nothing is decided until you press a button.",
    could_intro: "{name}, {organization} asks whether you could do this. If you could, the scheduler chooses among all who can.",
    urgent: "Urgent",
    case: "Case",
    when: "Starts",
    soon: "As soon as possible",
    duration: "Duration",
    place: "Place",
    message: "Message",
    until: "Please answer before {time}.",
    accept: "Accept",
    could: "I could do it",
    decline: "Decline",
    cannot: "I cannot do it",
    reason: "Reason, if you decline (optional)",
    again: "Try again",
    accepted: "You have accepted. The case is yours.",
    held: "You have accepted. The case is yours: {time}.",
    available: "You have said that you could do it. You hear if you are chosen. If you cannot after all, please say so below.",
    declined: "You have declined. Thank you for the answer.",
    gone: "This link no longer works: a newer mail has replaced it, or the offer has ended. Please look for a newer mail.",
    offer_taken: "Others were faster. Nobody else is needed for this case.",
    not_chosen: "Others were chosen. Nobody else is needed for this case.",
    offer_too_late: "The time to answer is over.",
    offer_ended: "The offer was taken back, or the case needs nobody any more.",
    offer_declined: "You have declined this already. If you can do it after all, please tell your scheduler.",
    offer_accepted: "You have accepted this already. If you cannot do it, please tell your scheduler.",
    overlap: "You have something else at that time. You can decline, or tell your scheduler.",
  },
  de: {
    offer_title: "Ihnen wird ein Fall angeboten",
    could_title: "Könnten Sie das übernehmen?",
    offer_intro: "{name}, {organization} bietet Ihnen diesen Fall an. Entschieden ist erst etwas, wenn Sie eine Schaltfläche drücken.",
    broadcast_intro: "{name}, {organization} bietet diesen Fall Ihnen und anderen an. Wer zuerst annimmt, bekommt ihn. Entschieden ist erst etwas, wenn Sie eine Schaltfläche drücken.",
    could_intro: "{name}, {organization} fragt, ob Sie das übernehmen könnten. Wenn ja, wählt die Einsatzplanung unter allen aus, die könnten.",
    urgent: "Dringend",
    case: "Fall",
    when: "Beginn",
    soon: "So bald wie möglich",
    duration: "Dauer",
    place: "Ort",
    message: "Nachricht",
    until: "Bitte antworten Sie vor diesem Zeitpunkt: {time}.",
    accept: "Annehmen",
    could: "Ich könnte es übernehmen",
    decline: "Ablehnen",
    cannot: "Ich kann nicht",
    reason: "Grund, falls Sie ablehnen (freiwillig)",
    again: "Noch einmal versuchen",
    accepted: "Sie haben angenommen. Der Fall gehört Ihnen.",
    held: "Sie haben angenommen. Der Fall gehört Ihnen: {time}.",
    available: "Sie haben gesagt, dass Sie es übernehmen könnten. Sie hören von uns, wenn die Wahl auf Sie fällt. Wenn Sie doch nicht können, sagen Sie es bitte unten.",
    declined: "Sie haben abgelehnt. Danke für die Antwort.",
    gone: "Dieser Link ist nicht mehr gültig: Eine neuere E-Mail hat ihn ersetzt, oder das Angebot ist beendet. Bitte suchen Sie eine neuere E-Mail.",
    offer_taken: "Andere waren schneller. Für diesen Fall wird niemand mehr gebraucht.",
    not_chosen: "Die Wahl fiel auf andere. Für diesen Fall wird niemand mehr gebraucht.",
    offer_too_late: "Die Zeit zum Antworten ist vorbei.",
    offer_ended: "Das Angebot wurde zurückgezogen, oder der Fall braucht niemanden mehr.",
    offer_declined: "Sie haben schon abgelehnt. Wenn Sie doch können, melden Sie sich bitte bei der Einsatzplanung.",
    offer_accepted: "Sie haben schon angenommen. Wenn Sie nicht können, melden Sie sich bitte bei der Einsatzplanung.",
    overlap: "Sie haben zu dieser Zeit schon etwas anderes. Sie können ablehnen oder sich bei der Einsatzplanung melden.",
  },
  es: {
    offer_title: "Se le ofrece un caso",
    could_title: "¿Podría encargarse de esto?",
    offer_intro: "{name}, {organization} le ofrece este caso. Nada se decide hasta que pulse un botón.",
    broadcast_intro: "{name}, {organization} le ofrece este caso a usted y a otras personas. Lo obtendrá quien lo acepte primero. Nada se decide hasta que pulse un botón.",
    could_intro: "{name}, {organization} le pregunta si podría encargarse de esto. Si puede, se elegirá entre todas las personas disponibles.",
    urgent: "Urgente",
    case: "Caso",
    when: "Inicio",
    soon: "Lo antes posible",
    duration: "Duración",
    place: "Lugar",
    message: "Mensaje",
    until: "Responda antes de este momento: {time}.",
    accept: "Aceptar",
    could: "Podría hacerlo",
    decline: "Rechazar",
    cannot: "No puedo",
    reason: "Motivo, si rechaza (opcional)",
    again: "Intentar de nuevo",
    accepted: "Ha aceptado. El caso es suyo.",
    held: "Ha aceptado. El caso es suyo: {time}.",
    available: "Ha dicho que podría encargarse. Le avisaremos si se le elige. Si al final no puede, dígalo abajo.",
    declined: "Ha rechazado. Gracias por responder.",
    gone: "Este enlace ya no funciona: lo ha sustituido un correo más reciente o la oferta ha terminado. Busque un correo más reciente.",
    offer_taken: "Otras personas fueron más rápidas. Ya no se necesita a nadie más para este caso.",
    not_chosen: "Se ha elegido a otras personas. Ya no se necesita a nadie más para este caso.",
    offer_too_late: "El plazo para responder ha terminado.",
    offer_ended: "La oferta se ha retirado o el caso ya no necesita a nadie.",
    offer_declined: "Ya ha rechazado. Si al final puede, avise a la planificación.",
    offer_accepted: "Ya ha aceptado. Si no puede, avise a la planificación.",
    overlap: "Tiene otra cosa a esa hora. Puede rechazar o avisar a la planificación.",
  },
  fr: {
    offer_title: "Un dossier vous est proposé",
    could_title: "Pourriez-vous vous en charger ?",
    offer_intro: "{name}, {organization} vous propose ce dossier. Rien n’est décidé tant que vous n’appuyez pas sur un bouton.",
    broadcast_intro: "{name}, {organization} propose ce dossier à vous et à d’autres personnes. La première à l’accepter l’obtient. Rien n’est décidé tant que vous n’appuyez pas sur un bouton.",
    could_intro: "{name}, {organization} vous demande si vous pourriez vous en charger. Si oui, un choix sera fait parmi toutes les personnes disponibles.",
    urgent: "Urgent",
    case: "Dossier",
    when: "Début",
    soon: "Dès que possible",
    duration: "Durée",
    place: "Lieu",
    message: "Message",
    until: "Veuillez répondre avant ce moment : {time}.",
    accept: "Accepter",
    could: "Je pourrais le faire",
    decline: "Refuser",
    cannot: "Je ne peux pas",
    reason: "Motif, si vous refusez (facultatif)",
    again: "Réessayer",
    accepted: "Vous avez accepté. Le dossier est à vous.",
    held: "Vous avez accepté. Le dossier est à vous : {time}.",
    available: "Vous avez dit que vous pourriez vous en charger. Vous serez prévenu(e) si vous êtes choisi(e). Si finalement vous ne pouvez pas, dites-le ci-dessous.",
    declined: "Vous avez refusé. Merci de votre réponse.",
    gone: "Ce lien n’est plus valable : un message plus récent l’a remplacé ou la proposition est terminée. Cherchez un message plus récent.",
    offer_taken: "D’autres ont été plus rapides. Plus personne n’est nécessaire pour ce dossier.",
    not_chosen: "D’autres personnes ont été choisies. Plus personne n’est nécessaire pour ce dossier.",
    offer_too_late: "Le délai de réponse est passé.",
    offer_ended: "La proposition a été retirée, ou le dossier n’a plus besoin de personne.",
    offer_declined: "Vous avez déjà refusé. Si finalement vous pouvez, prévenez la planification.",
    offer_accepted: "Vous avez déjà accepté. Si vous ne pouvez pas, prévenez la planification.",
    overlap: "Vous avez autre chose à ce moment-là. Vous pouvez refuser ou prévenir la planification.",
  },
};

// Refusals after which no answer counts.
const FINAL = ["offer_taken", "offer_too_late", "offer_ended", "offer_declined", "offer_accepted"];

// What somebody who has not answered is told once the offer is in one of these states.
const CLOSED = {
  deciding: "offer_too_late",
  filled: "offer_taken",
  partly_filled: "offer_too_late",
  unanswered: "offer_too_late",
  cancelled: "offer_ended",
};

const text = words(TEXTS);
const element = (id) => document.getElementById(id);
const [details, facts, answers, reason] = ["details", "facts", "answers", "reason"].map(element);
const [accept, decline, again, status] = ["accept", "decline", "again", "status"].map(element);
const dates = new Intl.DateTimeFormat(tag, {
  weekday: "long", day: "numeric", month: "long", year: "numeric",
  hour: "2-digit", minute: "2-digit", timeZoneName: "short",
});

let secret = "";

function say(message, isFault) {
  status.textContent = message;
  status.className = isFault ? "fault" : "";
}

function end(message, isFault) {
  element("intro").hidden = true;
  answers.hidden = true;
  say(message, isFault);
}

// Values come from outside and may hold anything, such as `$&`.
function insert(words, values) {
  return words.replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

function date(at) {
  return dates.format(new Date(at));
}

// The unit symbols are the same in all our languages.
function duration(minutes) {
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  const parts = [hours ? `${hours}\u00a0h` : "", rest ? `${rest}\u00a0min` : ""];
  return parts.filter((part) => part !== "").join(" ");
}

function addFact(label, value) {
  if (!value) return;
  const [term, description] = [document.createElement("dt"), document.createElement("dd")];
  term.textContent = label;
  description.textContent = value;
  facts.append(term, description);
}

function show(offer) {
  const asks = offer.mode === "availability";
  const intro = asks ? text.could_intro : text[`${offer.mode}_intro`] || text.offer_intro;
  element("heading").textContent = asks ? text.could_title : text.offer_title;
  element("intro").textContent = insert(intro, { name: offer.display_name, organization: offer.organization });
  element("urgent").hidden = !offer.urgent;
  facts.replaceChildren();
  addFact(text.case, `${offer.title} (${offer.number})`);
  addFact(text.when, offer.starts_at ? date(offer.starts_at) : text.soon);
  addFact(text.duration, duration(offer.duration_min));
  addFact(text.place, offer.place);
  addFact(text.message, offer.message);
  element("until").textContent = insert(text.until, { time: date(offer.respond_by) });
  accept.textContent = asks ? text.could : text.accept;
  decline.textContent = asks ? text.cannot : text.decline;
  accept.hidden = false;
  for (const part of [details, element("intro"), element("until"), answers]) part.hidden = false;
  say("", false);
  showAnswer(offer, asks);
}

function showAnswer(offer, asks) {
  const isOpen = offer.state === "open" || offer.state === "deciding";
  if (offer.answer === "available" && isOpen) return sayAvailable();
  if (offer.answer === "accepted" || offer.answer === "declined") return end(text[offer.answer], false);
  const closed = CLOSED[offer.state];
  if (closed === "offer_taken" && asks) return end(text.not_chosen, true);
  if (closed) end(text[closed], true);
}

// Who could do it may still say that they cannot.
function sayAvailable() {
  for (const part of [element("intro"), element("until"), accept]) part.hidden = true;
  say(text.available, false);
}

function answered(answer) {
  if (answer.state !== "declined") showOnward();
  if (answer.state === "available") return sayAvailable();
  if (answer.state === "declined" || !answer.starts_at || !answer.ends_at) return end(text[answer.state], false);
  const time = dates.formatRange(new Date(answer.starts_at), new Date(answer.ends_at));
  return end(insert(text.held, { time }), false);
}

function refused(response, problem) {
  if (response.status === 410) return end(text.gone, true);
  if (response.status !== 409) return sayLater(laterText(text, response));
  if (FINAL.includes(problem.code)) return end(text[problem.code], true);
  return say(problem.code === "overlap" ? text.overlap : problem.detail || text.later, true);
}

// Before the offer is shown, nothing else is left to press.
function sayLater(message) {
  again.hidden = !details.hidden;
  say(message, true);
}

async function ask(path, body, use) {
  again.hidden = true;
  accept.disabled = decline.disabled = true;
  say(text.sending, false);
  // A second link may be opened in the same tab before the answer to the first comes.
  const isOurs = () => body.token === secret;
  try {
    const { response, answer } = await post(path, body);
    if (!isOurs()) return;
    if (response.ok) use(answer);
    else refused(response, answer);
  } catch {
    if (isOurs()) sayLater(text.later);
  } finally {
    if (isOurs()) accept.disabled = decline.disabled = false;
  }
}

function load() {
  if (secret === "") return end(text.incomplete, true);
  return ask("v1/offer-links/show", { token: secret }, show);
}

accept.addEventListener("click", () => {
  ask("v1/offer-links/answer", { token: secret, answer: "accept" }, answered);
});
decline.addEventListener("click", () => {
  const body = { token: secret, answer: "decline" };
  if (reason.value.trim() !== "") body.reason = reason.value.trim();
  ask("v1/offer-links/answer", body, answered);
});
again.addEventListener("click", load);

fill(text);
document.title = text.offer_title;
onSecret((found) => {
  secret = found;
  details.hidden = element("onward").hidden = true;
  reason.value = "";
  load();
});
