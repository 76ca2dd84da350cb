// Media library: files dropped or pasted anywhere on the page, and the progress of an upload. The form works without this.
(() => {
  "use strict";
  const begin = () => {
    const form = document.getElementById("upload");
    if (!form) return;
    const input = document.getElementById("file");
    const state = document.getElementById("upload-state");
    const [bar, said] = state.children;
    let running = false;
    const send = (files) => {
      if (running || !files.length) return;
      running = true;
      const body = new FormData();
      body.set("csrf", form.elements.csrf.value);
      for (const file of files) body.append("file", file);
      const what = files.length === 1 ? files[0].name : `${files.length} files`;
      state.hidden = false;
      bar.value = 0;
      said.textContent = `Uploading ${what}`;
      window.treadleSay(`Uploading ${what}.`);
      const request = new XMLHttpRequest();
      request.open("POST", form.action);
      request.upload.addEventListener("progress", (event) => {
        if (!event.lengthComputable) return;
        if (event.loaded === event.total) { bar.removeAttribute("value"); said.textContent = "Checking the files"; return; }
        bar.value = event.loaded / event.total;
        said.textContent = `Uploading ${what}: ${Math.floor(bar.value * 100)} %`;
      });
      const failed = (why) => {
        running = false;
        state.hidden = true;
        input.value = "";
        window.treadleSay(why);
        said.textContent = why;
        state.hidden = false;
        bar.hidden = true;
      };
      request.addEventListener("load", () => {
        const fresh = new DOMParser().parseFromString(request.responseText, "text/html").querySelector("main");
        if (request.status !== 200 || !fresh || new URL(request.responseURL).pathname !== "/library") {
          failed("The upload failed. Reload the page and try again.");
          return;
        }
        // The answer is the library with the new files and a message: it stands in place of what is shown.
        history.replaceState(null, "", "/library");
        document.querySelector("main").replaceWith(document.adoptNode(fresh));
        document.getElementById("message")?.focus();
        listen.abort();
        begin();
      });
      request.addEventListener("error", () => failed("The connection was lost. Choose the files again."));
      request.send(body);
    };
    form.addEventListener("submit", (event) => {
      if (!input.files.length) return;
      event.preventDefault();
      send([...input.files]);
    });
    input.addEventListener("change", () => send([...input.files]));
    const filesIn = (data) => [...(data?.files ?? [])];
    const listen = new AbortController();
    const on = (name, act) => document.addEventListener(name, act, { signal: listen.signal });
    on("dragover", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      form.classList.add("aimed");
    });
    on("dragleave", (event) => { if (!event.relatedTarget) form.classList.remove("aimed"); });
    on("drop", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      form.classList.remove("aimed");
      send(filesIn(event.dataTransfer));
    });
    on("paste", (event) => {
      const files = filesIn(event.clipboardData);
      if (!files.length) return;
      event.preventDefault();
      send(files);
    });
  };
  begin();
})();
