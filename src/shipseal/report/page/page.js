"use strict";
(() => {
  const root = document.documentElement;
  const remember = (value) => { try { localStorage.setItem("shipseal-theme", value); } catch { /* not allowed here */ } };
  const remembered = () => { try { return localStorage.getItem("shipseal-theme"); } catch { return null; } };
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  if (remembered()) root.dataset.theme = remembered();
  document.getElementById("theme").addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    remember(root.dataset.theme);
  });

  for (const part of document.querySelectorAll(".bar i")) part.style.flexGrow = part.dataset.share;

  document.addEventListener("click", async (event) => {
    const button = event.target.closest(".copy");
    if (!button) return;
    const code = button.previousElementSibling;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });

  const search = document.getElementById("q");
  if (!search) return;
  const rows = [...document.querySelectorAll("#list > .f")];
  const texts = new Map();
  const textOf = (row) => {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    return texts.get(row);
  };
  const buttons = [...document.querySelectorAll("[data-key]")];
  const shown = document.getElementById("shown");
  const none = document.getElementById("none");

  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = new Map();
    for (const button of buttons) {
      if (button.getAttribute("aria-pressed") !== "true") continue;
      const { key, value } = button.dataset;
      if (!wanted.has(key)) wanted.set(key, new Set());
      wanted.get(key).add(value);
    }
    let count = 0;
    for (const row of rows) {
      const fits = [...wanted].every(([key, values]) => values.has(row.dataset[key])) &&
        words.every((word) => textOf(row).includes(word));
      row.hidden = !fits;
      count += fits;
    }
    none.hidden = count > 0;
    const all = rows.length.toLocaleString("en");
    shown.textContent = count === rows.length ? `${all} shown` : `${count.toLocaleString("en")} of ${all} shown`;
  };

  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 80);
  });
  for (const button of buttons) {
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      apply();
      if (button.classList.contains("tile")) document.getElementById("findings").scrollIntoView({ behavior: "smooth" });
    });
  }
  document.querySelector("[data-clear]").addEventListener("click", () => {
    search.value = "";
    for (const button of buttons) button.setAttribute("aria-pressed", "false");
    apply();
    search.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(input|textarea)$/i.test(event.target.tagName)) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && event.target === search && search.value) {
      search.value = "";
      apply();
    }
  });
  apply();
})();
