// Compose: the live count, findings as one types, uploads with progress. The form works without this file.
(() => {
  "use strict";
  const form = document.getElementById("compose");
  if (!form) return;
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const csrf = form.elements.csrf.value;
  let uploading = 0;
  const LIMIT = 500;

  // ---- the count by Threads' rules: characters, but emoji as their UTF-8 bytes (the same rule as treadle_threads.text)
  const PICTURE = /\p{Emoji_Presentation}|\p{Emoji}\uFE0F|\p{Regional_Indicator}|\u20E3/u;
  const segments = "Segmenter" in Intl ? new Intl.Segmenter(undefined, { granularity: "grapheme" }) : null;
  const utf8 = new TextEncoder();
  const isAscii = (text) => /^[\x00-\x7f]*$/.test(text);
  const countText = (text) => {
    text = text.replaceAll("\r\n", "\n");
    if (isAscii(text)) return text.length;
    if (!PICTURE.test(text) || !segments) return [...text].length;
    let total = 0;
    for (const { segment } of segments.segment(text)) {
      const emoji = !isAscii(segment) && PICTURE.test(segment);
      total += emoji ? utf8.encode(segment).length : [...segment].length;
    }
    return total;
  };
  window.treadleCount = countText;
  // What is over the limit is marked behind the text itself.
  const overAt = (text) => {
    let [low, high] = [0, text.length];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (countText(text.slice(0, middle)) <= LIMIT) low = middle; else high = middle - 1;
    }
    return low;
  };
  const mark = (area, n) => {
    const behind = $(`[data-marks="${CSS.escape(area.id)}"]`, form);
    if (!behind) return;
    if (n <= LIMIT) { behind.replaceChildren(); return; }
    const at = overAt(area.value);
    const over = document.createElement("mark");
    over.textContent = area.value.slice(at);
    behind.replaceChildren(area.value.slice(0, at), over);
  };
  const count = (area) => {
    const output = document.getElementById(area.dataset.count);
    const n = countText(area.value);
    $("span", output).textContent = n;
    output.classList.toggle("over", n > LIMIT);
    output.classList.toggle("near", n > LIMIT * 0.9 && n <= LIMIT);
    output.parentElement.style.setProperty("--used", Math.min(n / LIMIT, 1));
    mark(area, n);
    const split = document.getElementById(area.id.replace(/-text$/, "-split"));
    if (split && !area.readOnly) split.hidden = n <= LIMIT;
  };
  // The longer text is counted in characters, whatever they are.
  const LONG_LIMIT = 10000;
  const length = (area) => {
    const output = document.getElementById(area.dataset.length);
    const n = [...area.value].length;
    $("span", output).textContent = n;
    output.classList.toggle("over", n > LONG_LIMIT);
  };
  $$("textarea[data-count]", form).forEach(count);
  $$("textarea[data-length]", form).forEach(length);
  const done = $("[data-aloud]");
  if (done) window.treadleSay(done.textContent.trim());

  // ---- from what is to fix to its field: opened where it is folded away, and ready to be written in
  const goTo = (field) => {
    for (let box = field.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    field.focus();
    field.scrollIntoView({ block: "center" });
  };
  document.getElementById("check").addEventListener("click", (event) => {
    const field = document.getElementById(event.target.closest(".to-fix a")?.hash.slice(1) ?? "");
    if (!field) return;
    event.preventDefault();
    goTo(field);
  });

  // ---- "2 to fix" leads to the first of them
  document.getElementById("to-check").addEventListener("click", (event) => {
    const first = $("#check .to-fix a, #check .to-fix button");
    if (!first) return;
    event.preventDefault();
    first.click();
  });

  // ---- several accounts: what is offered for them, and their tabs, follow the choice
  const adjust = $("[data-adjust]", form);
  if (adjust) {
    const chosen = () => $$(".pill [name=account_id]:checked", form).length;
    const offer = () => {
      adjust.hidden = chosen() < 2;
      const hint = $("[data-several]", form);
      if (hint) hint.hidden = chosen() > 1;
      $("#same").textContent = chosen() === 2 ? "Same for both" : "Same for all";
    };
    offer();
    form.addEventListener("change", (event) => {
      if (event.target.name !== "account_id") return;
      offer();
      const tab = $(".account-tab[aria-pressed=true]", form);
      if (tab && chosen() && !uploading) form.requestSubmit(tab);
    });
  }

  // ---- findings as one types
  let asked = 0;
  let timer = 0;
  let mediaSeen = null;
  const mediaNow = () => $$('[name$="-media-id"], [name$="-media-url"], [name$="-on_too_long"]', form)
    .map((field) => field.value).join("\n");
  // What was found about the files takes the place of what stood there; a description that is being written stays.
  const merge = (place, fresh) => {
    const named = (root) => $$(".media-item", root).map((item) => item.dataset.item).join("\n");
    if (named(place) !== named(fresh)) {
      const inside = place.contains(document.activeElement);
      place.replaceChildren(fresh);
      if (inside) place.focus();
      return;
    }
    const now = $$(".media-item", place);
    $$(".media-item", fresh).forEach((item, i) => {
      const old = now[i];
      const field = $(".field", old);
      const held = old.contains(document.activeElement) ? document.activeElement.value : null;
      for (const child of [...old.children]) if (child !== field) child.remove();
      const kept = $(".field", item);
      while (item.firstChild !== kept) field.before(item.firstChild);
      kept.remove();
      old.append(...item.childNodes);
      old.removeAttribute("aria-busy");
      if (!old.contains(document.activeElement) && held !== null) {
        ($$("button", old).find((button) => button.value === held) ?? $("input:not([type=hidden])", field)).focus();
      }
    });
  };
  // What comes above the field one is in may push it behind the buttons at the window's edge.
  const stay = () => {
    if (form.contains(document.activeElement)) document.activeElement.scrollIntoView({ block: "nearest" });
  };
  // What was found in each file, and whether a repair is offered, said once.
  const toldFiles = new Set();
  const tellFiles = () => {
    const news = [];
    for (const item of $$(".media-item", form)) {
      const found = $$(".looked .findings li", item).map((li) => li.firstChild.textContent.trim());
      const offer = $(".repair-offer span", item)?.textContent.trim();
      const text = [`${item.dataset.name}:`, ...found, offer ? `Repair available: ${offer}` : "",
        found.length || offer ? "" : "Ready for Threads."].filter(Boolean).join(" ");
      if (!$(".looked", item) || toldFiles.has(text)) continue;
      toldFiles.add(text);
      news.push(text);
    }
    if (news.length) window.treadleSay(news.join(" "));
  };
  const check = async () => {
    const mine = ++asked;
    const media = mediaNow();
    const look = media !== mediaSeen && media.trim() !== "";
    const body = new FormData(form);
    for (const name of [...body.keys()]) if (name.endsWith("-file")) body.delete(name);
    if (look) {
      body.set("look", "yes");
      $$(".media-item", form).forEach((item) => item.setAttribute("aria-busy", "true"));
    }
    let answer;
    try {
      answer = await fetch("/compose/check", { method: "POST", body, headers: { "X-CSRF-Token": csrf } });
    } catch { return; }
    if (!answer.ok || answer.redirected || mine !== asked) return;
    const html = await answer.text();
    if (mine !== asked) return;
    const target = document.getElementById("check");
    const videos = $$("video", target).map((v) => [v.getAttribute("src"), v]);
    const scrolled = target.scrollTop;
    const on = document.activeElement;
    const inside = target.contains(on);
    target.innerHTML = html;
    target.scrollTop = scrolled;
    // Said once when it changes, not the whole preview at each letter: the verdict, and the first thing to fix.
    const said = document.getElementById("check-status");
    const verdict = $(".verdict", target).textContent.trim();
    const first = $(".to-fix li", target)?.textContent.trim() ?? "";
    const told = first ? `${verdict}. ${first}` : verdict;
    if (said.textContent !== told) said.textContent = told;
    const way = document.getElementById("to-check");
    way.hidden = !$(".verdict .state-stop", target);
    for (const template of $$("template[data-tab-of]", target)) {
      const tab = document.getElementById(`tab-${template.dataset.tabOf}`);
      if (!tab) continue;
      $(".dot", tab).hidden = !("adjusted" in template.dataset);
      $(".tab-wrong", tab).hidden = template.dataset.wrong === "0";
      $(".tab-wrong > span", tab).textContent = template.dataset.wrong;
    }
    $("span", way).textContent = verdict;
    // A video that is shown already stays, so that it does not flicker while one types.
    for (const [src, old] of videos) {
      const same = $$("video", target).find((v) => v.getAttribute("src") === src);
      same?.replaceWith(old);
    }
    // Whoever was in here stays: on the same link or film, or else on the whole.
    if (inside && document.activeElement !== on) {
      const again = target.contains(on) ? on : on.id ? document.getElementById(on.id)
        : on.href && $$("a", target).find((a) => a.href === on.href);
      (again || target).focus({ preventScroll: true });
    }
    const fresh = new Map($$("template[data-findings-of]", target).map((t) => [t.dataset.findingsOf, t]));
    for (const place of $$("[data-place]", form)) {
      const template = fresh.get(place.dataset.place);
      if (!template && !place.childElementCount) continue;
      place.replaceChildren(...(template ? [template.content.cloneNode(true)] : []));
      const wrong = $(".tone-stop", place) !== null;
      for (const field of $$(`[aria-describedby~="${CSS.escape(place.id)}"]`, form)) {
        if (wrong) field.setAttribute("aria-invalid", "true"); else field.removeAttribute("aria-invalid");
      }
      for (let box = wrong && place.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    }
    const which = $("template[data-which-time]", target)?.content;
    const there = document.getElementById("which-time");
    if (which && $("[data-which]", which)?.dataset.which !== $("[data-which]", there)?.dataset.which) {
      there.replaceChildren(which.cloneNode(true));
    }
    for (const template of $$("template[data-media-of]", target)) {
      const place = document.getElementById(`part-${template.dataset.mediaOf}-media`);
      if (place) merge(place, template.content.cloneNode(true));
    }
    if (look) {
      tellFiles();
      stay();
      mediaSeen = media;
      $$(".media-item", form).forEach((item) => item.removeAttribute("aria-busy"));
    }
  };
  const soon = (ms = 450) => { clearTimeout(timer); timer = setTimeout(check, ms); };
  form.addEventListener("input", (event) => {
    if (event.target.matches("textarea[data-count]")) count(event.target);
    if (event.target.matches("textarea[data-length]")) length(event.target);
    if (event.target.type !== "file") soon();
  });
  form.addEventListener("change", (event) => { if (event.target.type !== "file") soon(150); });
  mediaSeen = $(".looked", form) ? mediaNow() : null;
  if (mediaNow().trim() && mediaSeen === null) soon(50);

  // ---- entering a time picks "Pick a time"; the button says what it does
  const publish = $("[data-publish]", form);
  const nameButton = () => { if (publish) publish.textContent = publish.dataset.publish || { at: "Schedule", queue: "Add to queue" }[form.elements.when.value] || "Publish"; };
  form.elements.at?.addEventListener("input", () => { form.elements.when.value = "at"; nameButton(); });
  form.addEventListener("change", nameButton);
  nameButton();

  // ---- uploads with progress
  const upload = (part, file) => {
    const list = document.getElementById(`part-${part}-uploads`);
    const row = document.createElement("div");
    row.className = "upload";
    const label = document.createElement("span");
    label.textContent = file.name;
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.setAttribute("aria-label", `Uploading ${file.name}`);
    const said = document.createElement("span");
    said.className = "small quiet";
    said.setAttribute("aria-hidden", "true");  // the bar says it to whoever asks; quarters are said to all
    const stop = document.createElement("button");
    stop.type = "button";
    stop.className = "plain small";
    stop.textContent = "Cancel";
    stop.setAttribute("aria-label", `Cancel uploading ${file.name}`);
    let quarter = 0;
    window.treadleSay(`Uploading ${file.name}.`);
    // The button goes when the upload ends: whoever is on it goes on from where files are chosen.
    const leave = () => {
      if (row.contains(document.activeElement)) document.getElementById(`part-${part}-file`).focus();
    };
    row.append(label, bar, said, stop);
    list.append(row);
    const body = new FormData();
    body.set("part", part);
    body.set("file", file);
    const request = new XMLHttpRequest();
    request.open("POST", "/compose/upload");
    request.setRequestHeader("X-CSRF-Token", csrf);
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      bar.value = event.loaded / event.total;
      said.textContent = event.loaded < event.total ? `${Math.floor(bar.value * 100)} %` : "Checking the file";
      const passed = Math.floor(bar.value * 4);
      if (passed > quarter && passed < 4) window.treadleSay(`${file.name}: ${passed * 25} %`);
      quarter = passed;
      if (event.loaded === event.total) bar.removeAttribute("value");
    });
    const ended = new Promise((done) => {
      const failed = (why) => {
        leave();
        bar.remove();
        stop.remove();
        said.removeAttribute("aria-hidden");
        said.textContent = why;
        window.treadleSay(`${file.name}: ${why}`);
        done();
      };
      request.addEventListener("load", () => {
        // 503 with findings: this server could not keep the file, and says why. Any other page is not from here.
        const refused = request.status === 503 && request.responseText.trimStart().startsWith('<p class="findings"');
        if ((request.status !== 200 && !refused) || !request.responseURL.endsWith("/compose/upload")) {
          failed("The upload failed. Reload the page and try again.");
          return;
        }
        leave();
        row.remove();
        const list = document.getElementById(`part-${part}-media`);
        const before = $$(".media-item", list).length;
        list.insertAdjacentHTML("beforeend", request.responseText);
        stay();
        const taken = $$(".media-item", list).length > before;
        window.treadleSay(taken ? `${file.name} was added.` : [...list.children].at(-1)?.textContent.trim() ?? "");
        done();
      });
      request.addEventListener("error", () => failed("The connection was lost. Choose the file again."));
      request.addEventListener("abort", () => {
        leave();
        row.remove();
        window.treadleSay(`Upload of ${file.name} canceled.`);
        done();
      });
    });
    stop.addEventListener("click", () => request.abort());
    request.send(body);
    return ended;
  };
  // ---- a repair under way: the form is being sent, and answered when it is done; meanwhile its progress is shown
  form.addEventListener("submit", (event) => {
    const id = event.submitter?.dataset.repair;
    if (!id) return;
    const offer = event.submitter.closest(".repair-offer");
    if ($("progress", offer)) { event.preventDefault(); return; }  // it is being done
    const bar = document.createElement("progress");
    bar.max = 100;
    bar.setAttribute("aria-label", "Repairing");
    const said = document.createElement("span");
    said.className = "small quiet";
    said.setAttribute("aria-hidden", "true");
    said.textContent = "Repairing";
    offer.append(bar, said);
    window.treadleSay("Repairing. This page tells you when it's done.");
    let quarter = 0;
    clearTimeout(timer);
    const look = async () => {
      try {
        const answer = await fetch(`/compose/progress/${encodeURIComponent(id)}`);
        const job = await answer.json();
        if (job.state === "running" && job.step !== "fetch") {
          bar.value = job.percent;
          const left = job.left_s ? `, ${Math.ceil(job.left_s)} s left` : "";
          said.textContent = `Repairing: ${Math.round(job.percent)} %${left}`;
          const passed = Math.floor(job.percent / 25);
          if (passed > quarter && passed < 4) window.treadleSay(`Repairing: ${passed * 25} %`);
          quarter = passed;
        }
      } catch { return; }
      setTimeout(look, 700);
    };
    look();
  });

  // ---- marking what is selected: the phrase goes into the field that holds the phrases
  const phraseOf = (area) => {
    const { value, selectionStart: begin, selectionEnd: end } = area;
    const phrase = value.slice(begin, end);
    if (!phrase.trim()) return "";
    let nth = 1;
    for (let at = value.indexOf(phrase); at !== -1 && at < begin; at = value.indexOf(phrase, at + 1)) nth += 1;
    const said = phrase.replaceAll("\n", "\u21b5");
    return value.indexOf(phrase) === value.lastIndexOf(phrase) && phrase === phrase.trim() ? said : `${said} \u00d7${nth}`;
  };
  for (const button of $$("[data-mark-from]", form)) {
    button.hidden = false;
    if (button.parentElement.matches(".mark-buttons")) button.parentElement.hidden = false;
    const area = document.getElementById(button.dataset.markFrom);
    // The selection must survive the press.
    button.addEventListener("pointerdown", (event) => event.preventDefault());
    button.addEventListener("click", () => {
      const phrase = phraseOf(area);
      if (!phrase) { area.focus(); return; }
      const lines = document.getElementById(button.dataset.markIn);
      const style = button.dataset.markAs;
      const kept = lines.value.split("\n").filter((line) => line.trim());
      const same = (line) => (style ? line.slice(line.indexOf(":") + 1).trim() : line) === phrase;
      const old = kept.findIndex(same);
      if (old === -1) kept.push(style ? `${style}: ${phrase}` : phrase);
      else if (style && !kept[old].split(":")[0].split(" ").includes(style)) kept[old] = `${style} ${kept[old]}`;
      lines.value = kept.join("\n");
      lines.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }

  const take = async (part, files) => {
    uploading += 1;
    for (const file of files) await upload(part, file);
    uploading -= 1;
    soon(0);
  };
  form.addEventListener("change", (event) => {
    const input = event.target;
    if (!input.matches("input[type=file][data-upload]")) return;
    const files = [...input.files];
    input.value = "";
    take(input.dataset.upload, files);
  });

  // ---- files dropped on a part, or pasted into it
  const filesIn = (data) => [...(data?.files ?? [])].filter((file) => /^(image|video)\//.test(file.type));
  const partOf = (event) => event.target.closest?.("[data-drop-files]");
  form.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    for (const one of $$(".aimed", form)) one.classList.remove("aimed");
    (partOf(event) ?? $("[data-drop-files]", form)).classList.add("aimed");
  });
  form.addEventListener("dragleave", (event) => { if (!form.contains(event.relatedTarget)) for (const one of $$(".aimed", form)) one.classList.remove("aimed"); });
  form.addEventListener("drop", (event) => {
    for (const one of $$(".aimed", form)) one.classList.remove("aimed");
    const files = filesIn(event.dataTransfer);
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    const part = partOf(event) ?? $("[data-drop-files]", form);
    if (document.getElementById(`part-${part.dataset.dropFiles}-uploads`)) take(part.dataset.dropFiles, files);
  });
  form.addEventListener("paste", (event) => {
    const files = filesIn(event.clipboardData);
    const part = files.length && partOf(event);
    if (!part || !document.getElementById(`part-${part.dataset.dropFiles}-uploads`)) return;
    event.preventDefault();
    take(part.dataset.dropFiles, files);
  });

  // ---- the order of files, by drag or by Alt and an arrow
  let moving = null;
  const arrange = (event) => { for (const item of $$(".media-item", form)) item.draggable = event.target.closest?.(".media-thumb") !== null; };
  form.addEventListener("pointerdown", arrange);
  const moved = (item) => {
    const all = $$(".media-item", item.parentElement);
    window.treadleSay(`${item.dataset.name} is number ${all.indexOf(item) + 1} of ${all.length}.`);
    form.dispatchEvent(new Event("input", { bubbles: true }));
    mediaSeen = null;
    soon(0);
  };
  form.addEventListener("dragstart", (event) => {
    moving = event.target.closest?.(".media-item") ?? null;
    if (moving) { event.dataTransfer.effectAllowed = "move"; event.dataTransfer.setData("text/plain", ""); moving.classList.add("moving"); }
  });
  form.addEventListener("dragover", (event) => {
    const over = moving && event.target.closest?.(".media-item");
    if (!over || over.parentElement !== moving.parentElement) return;
    event.preventDefault();
    // Tiles stand beside each other, files with something to fix below.
    const [{ left, top, width, height }, own] = [over.getBoundingClientRect(), moving.getBoundingClientRect()];
    const beside = Math.abs(top - own.top) < height / 2 && width < over.parentElement.clientWidth * 0.9;
    const first = beside ? event.clientX < left + width / 2 : event.clientY < top + height / 2;
    if (over !== moving) over[first ? "before" : "after"](moving);
  });
  form.addEventListener("dragend", () => { if (moving) { moving.classList.remove("moving"); moved(moving); moving = null; } });
  form.addEventListener("keydown", (event) => {
    const item = event.altKey && event.target.closest?.(".media-item");
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (!item || !step) return;
    const other = step < 0 ? item.previousElementSibling : item.nextElementSibling;
    if (!other?.matches(".media-item")) return;
    event.preventDefault();
    const on = document.activeElement;
    other[step < 0 ? "before" : "after"](item);
    on.focus();
    moved(item);
  });

  // ---- emoji, where the cursor is
  const EMOJI = "😀 😂 🙂 😉 😍 🥰 😎 🤔 😅 😭 😡 🥳 👍 👎 👏 🙏 💪 👀 🙌 🤝 ❤️ 🧡 💛 💚 💙 💜 🖤 💔 ✨ 🔥 🎉 🎁 ⭐ ☀️ 🌧️ ❄️ 🌱 🌸 🍂 ☕ 🍕 🍰 🍷 📚 📷 🎨 🎵 🎬 🏠 ✈️ 🚲 ⏰ 📌 📣 ✅ ❌ ⚠️ ❓ ➡️ ⬇️".split(" ");
  for (const box of $$("[data-emoji]", form)) {
    const area = document.getElementById(box.dataset.emoji);
    if (area.readOnly) continue;
    box.hidden = false;
    for (const one of EMOJI) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = one;
      button.addEventListener("click", () => {
        area.setRangeText(one, area.selectionStart, area.selectionEnd, "end");
        area.dispatchEvent(new Event("input", { bubbles: true }));
        box.open = false;
        area.focus();
      });
      $(".popup-box", box).append(button);
    }
    box.addEventListener("keydown", (event) => { if (event.key === "Escape") { box.open = false; area.focus(); } });
  }

  // ---- Enter in the search of the library searches it
  $("[data-enter]", form)?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    form.requestSubmit($(`button[value="${event.target.dataset.enter}"]`, form));
  });

  // ---- keys: the main action, and splitting
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.metaKey || event.ctrlKey)) return;
    event.preventDefault();
    const split = event.shiftKey && $("[data-split]", event.target.closest("[data-part]") ?? form);
    const button = event.shiftKey ? (split && !split.parentElement.hidden ? split : null) : $('button[value="send"]', form);
    if (button) form.requestSubmit(button);
  });
  form.addEventListener("submit", (event) => {
    if (uploading && ["send", "draft"].includes(event.submitter?.value)) {
      event.preventDefault();
      window.treadleSay("An upload is still running. Try again when it is done, or cancel it.");
      $(".upload button", form)?.focus();
    }
  });
})();
