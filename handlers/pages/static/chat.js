/* The chat without page loads. What is typed is kept on this device until the server has it: each message carries a number
   of its own, so sending it again is harmless. Without this script the same page works by plain forms. */
"use strict";
(function () {
  var root = document.getElementById("chat");
  var log = document.getElementById("log");
  var say = document.getElementById("say");
  var status = document.getElementById("status");
  if (!log || !say || !window.fetch || !window.URLSearchParams) return;

  var KEY = "nidaa.unsent";
  var BACK = "nidaa.back";
  var sending = false;
  var unsent = load();
  var now = document.getElementById("now");
  var newest = (now && now.nextElementSibling) || log.lastElementChild;

  function load() {
    try { return JSON.parse(localStorage.getItem(KEY)) || []; } catch (e) { return []; }
  }
  function keep() {
    try { localStorage.setItem(KEY, JSON.stringify(unsent)); } catch (e) { /* private mode: kept in memory */ }
  }
  function newId() {
    var bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.prototype.map.call(bytes, function (b) { return ("0" + b.toString(16)).slice(-2); }).join("");
  }
  function box() { return document.getElementById("text"); }
  function tell(text) { if (status.textContent !== text) status.textContent = text; }
  /* Show the end; where what is new (what was said last and its answers, or what came by itself) is taller than the screen,
     its beginning. */
  function toEnd() {
    window.scrollTo(0, document.documentElement.scrollHeight);
    if (newest && newest.getBoundingClientRect().top < 0) newest.scrollIntoView({ block: "start" });
  }

  function bubble(item) {
    var article = document.createElement("article");
    article.className = "you waiting";
    article.setAttribute("data-heard", item.id);
    var who = document.createElement("span");
    who.className = "who";
    who.textContent = root.getAttribute("data-you");
    var text = document.createElement("p");
    text.dir = "auto";
    text.textContent = item.label;
    article.appendChild(who);
    article.appendChild(text);
    log.appendChild(article);
    newest = article;
  }

  function known(node) {
    if (node.id) return document.getElementById(node.id);
    var heard = node.getAttribute("data-heard");
    return heard && log.querySelector('[data-heard="' + CSS.escape(heard) + '"]');
  }
  function dropChoices() {
    Array.prototype.forEach.call(log.querySelectorAll(".choices"), function (form) { form.remove(); });
  }
  function insert(html, isAnswer) {
    var holder = document.createElement("template");
    holder.innerHTML = html;
    var fresh = Array.prototype.filter.call(holder.content.children, function (node) {
      if (node.tagName !== "ARTICLE") return false;
      var there = known(node);
      if (there) there.classList.remove("waiting");
      return !there;
    });
    if (fresh.length && (isAnswer || holder.content.querySelector("[data-heard]"))) dropChoices();
    fresh.forEach(function (node) { log.appendChild(node); });
    if (!fresh.length) return;
    if (!isAnswer && !sending) newest = fresh[0];
    expect();
    toEnd();
  }

  /* The box follows the open question: what keyboard it brings, and the error it is tied to. */
  function expect() {
    var bots = log.querySelectorAll(".bot");
    var last = bots[bots.length - 1];
    var kind = last.getAttribute("data-box");
    var input = box();
    if ((kind === "long") !== (input.tagName === "TEXTAREA")) input = swap(input, kind === "long");
    var special = kind === "tel" || kind === "email";
    input.dir = special ? "ltr" : "auto";
    input.setAttribute("inputmode", special ? kind : "text");
    input.setAttribute("autocomplete", special ? kind : "off");
    var old = document.getElementById("error");
    if (old) old.removeAttribute("id");
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
    if (last.hasAttribute("data-refused")) {
      last.querySelector(".error").id = "error";
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", "error");
    }
  }
  function swap(input, long) {
    var other = document.createElement(long ? "textarea" : "input");
    other.id = "text";
    other.name = "text";
    other.required = true;
    other.maxLength = long ? 4000 : 1000;
    if (long) other.rows = 4; else other.type = "text";
    var focused = document.activeElement === input;
    input.replaceWith(other);
    if (focused) other.focus();
    return other;
  }

  /* A page that is no longer ours to answer from is opened anew, with what was typed in the box. */
  function giveBack(item) {
    unsent = [];
    keep();
    try { sessionStorage.setItem(BACK, item.typed || ""); } catch (e) { /* private mode: it is typed again */ }
  }
  function takeBack() {
    try {
      box().value = sessionStorage.getItem(BACK) || box().value;
      sessionStorage.removeItem(BACK);
    } catch (e) { /* private mode */ }
  }

  function later(seconds) { setTimeout(pump, seconds * 1000); }

  function pump() {
    if (sending || !unsent.length) return;
    sending = true;
    var item = unsent[0];
    var bots = log.querySelectorAll(".bot");
    var slow = setTimeout(function () { tell(root.getAttribute("data-typing")); }, 1000);
    fetch("/say", {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded", "X-Fragment": "1" },
      body: item.body + "&after=" + bots[bots.length - 1].id.slice(1),
      credentials: "same-origin"
    }).then(function (response) {
      if (response.status === 429 || response.status >= 500) {
        tell(root.getAttribute(response.status === 429 ? "data-busy" : "data-offline"));
        sending = false;
        later(Number(response.headers.get("Retry-After")) || 2);
        return null;
      }
      if (!response.ok) { giveBack(item); location.reload(); return null; }
      return response.text().then(function (html) {
        unsent.shift();
        keep();
        tell("");
        insert(html, true);
        sending = false;
        pump();
      });
    }).catch(function () {
      tell(root.getAttribute("data-offline"));
      sending = false;
      later(5);
    }).then(function () { clearTimeout(slow); });
  }

  root.addEventListener("submit", function (event) {
    var form = event.target;
    var button = event.submitter;
    event.preventDefault();
    var fields = new URLSearchParams(new FormData(form));
    var label = fields.get("text");
    if (form !== say) {
      fields.set(button.name, button.value);
      label = button.textContent.trim();
    } else {
      box().value = "";
    }
    var item = { id: newId(), label: label, typed: form === say ? label : "" };
    fields.set("id", item.id);
    item.body = fields.toString();
    dropChoices();
    bubble(item);
    unsent.push(item);
    keep();
    box().focus();
    toEnd();
    pump();
  });

  /* A picture takes its room only when it has come. */
  log.addEventListener("load", function (event) {
    var bots = log.querySelectorAll(".bot");
    if (bots[bots.length - 1].contains(event.target)) toEnd();
  }, true);

  window.addEventListener("online", pump);
  unsent.forEach(function (item) { if (!known({ id: "", getAttribute: function () { return item.id; } })) bubble(item); });
  takeBack();
  toEnd();
  pump();

  if (window.EventSource && root.getAttribute("data-events")) {
    var bots = log.querySelectorAll(".bot");
    var stream = new EventSource(root.getAttribute("data-events") + "?after=" + bots[bots.length - 1].id.slice(1));
    stream.onmessage = function (event) { insert(event.data, false); };
  }
})();
