// Runs in the page of exported.py: moves every control of a section to both its ends and back.
async (name) => {
  const section = document.getElementById(name), frames = async (n = 2) => {
    for (let k = 0; k < n; k++) await new Promise(requestAnimationFrame);
  };
  const seen = () => { // what the section shows: pictures and words, and the values of its own controls left out
    let hash = 0;
    for (const canvas of section.querySelectorAll("canvas:not([aria-hidden])")) {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height), words = new Uint32Array(data.buffer);
      for (let i = 0; i < words.length; i += 3) hash = Math.imul(hash ^ words[i], 16777619);
    }
    return `${hash} ${[...section.querySelectorAll(".mtcnn-canvas :is(figcaption, td, p, b, .tip, .bar, .spoken)")].map((one) => one.textContent)}`;
  };
  const key = (target, name_, shiftKey = false) => target.dispatchEvent(new KeyboardEvent("keydown", { key: name_, shiftKey, bubbles: true, cancelable: true }));
  const off = (one) => one.disabled || one.getAttribute("aria-disabled") === "true";
  const told = (one) => { // the words beside it, and for a screen reader
    const words = document.getElementById(one.getAttribute("aria-describedby"));
    return words?.textContent === "needs Python" && words.getBoundingClientRect().width > 0;
  };
  const named = (one) => one.getAttribute("aria-label") || (one.getAttribute("aria-labelledby") || "").split(" ").map((id) => document.getElementById(id)?.textContent).join("")
    || [...(one.labels ?? [])].map((label) => label.textContent.trim()).join("") || one.textContent.trim() || "";
  const drives = [ // selector, what to do to it, one act after the other
    [".noUi-handle", (one) => [() => key(one, "Home"), () => key(one, "End"), () => { for (let k = 0; k < 3; k++) key(one, "ArrowLeft"); }]],
    [".track input", (one) => [() => key(one, "Home"), () => key(one, "End"), () => key(one, "ArrowLeft")]],
    ["select", (one) => [...one.options].map((_, k) => () => {
      one.selectedIndex = k;
      one.dispatchEvent(new Event("change", { bubbles: true }));
    })],
    ["input[type=checkbox]", (one) => [() => one.click(), () => one.click()]],
    [".widget-toggle-buttons button", (one) => [() => one.click()], ".widget-toggle-buttons"],
    [".choice button", (one) => [() => one.click()], ".choice"],
    ["button.widget-button, .mtcnn-canvas .bar button, .mtcnn-canvas .controls > button, button.widget-upload", (one) => [() => one.click()]],
    ["canvas[tabindex]", (one) => ["ArrowRight", "ArrowDown", "ArrowLeft", "Enter"].map((name_) => () => key(one, name_, true))],
  ];
  const found = [];
  for (const [selector, acts, group] of drives) {
    const together = new Map(); // buttons of which one is pushed count as one control
    const every = () => [...section.querySelectorAll(selector)];
    for (let k = 0; k < every().length; k++) { // asked anew each time: some buttons are made anew when they are switched on
      const one = every()[k];
      if (!one.offsetParent && !one.getClientRects().length) continue;
      const whole = group ? one.closest(group) : one;
      if (!together.has(whole)) {
        together.set(whole, { kind: selector, name: named(one), off: off(one), told: told(one), states: new Set(), named: true, focus: true });
      }
      const control = together.get(whole);
      control.named &&= Boolean(named(one));
      control.focus &&= off(one) || one.tabIndex >= 0;
      if (control.off) continue;
      control.states.add(seen());
      for (const act of acts(one)) {
        act();
        await frames();
        if (control.states.size < 2 && control.states.has(seen())) await new Promise((done) => setTimeout(done, 150)); // another photo
        control.states.add(seen());
      }
    }
    for (const control of together.values()) found.push({ ...control, states: control.states.size });
  }
  return found;
}
