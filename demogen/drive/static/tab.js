// In Locust's own pages: a link to ours that stays in sight, another in our tab, and what an empty host means here.
"use strict";

const here = (id, words, style) => {
  const link = document.createElement("a");
  link.id = id;
  link.href = "./demogen";
  link.textContent = words;
  link.style.cssText = `border-radius:20px;font:600 14px/1 system-ui,sans-serif;text-decoration:none;${style}`;
  return link;
};

document.body.append(here("demogen-link", "Ledger: live page",
  "position:fixed;right:20px;bottom:20px;z-index:1300;padding:12px 18px;background:#0b7a53;color:#fff;box-shadow:0 2px 6px #0006"));

function furnish() {
  for (const alert of document.querySelectorAll("[role=alert]")) {
    const says = [...alert.querySelectorAll("*")].find((node) => !node.children.length && node.textContent.includes("no host attribute set"));
    if (says) says.textContent = "Without a host, the embedded sandbox is started and loaded.";
  }
  const chosen = [...document.querySelectorAll("[role=tab][aria-selected=true]")].some((tab) => tab.textContent.trim() === "Ledger");
  const table = chosen && [...document.querySelectorAll("table")].find((one) => one.textContent.includes("Verdict on the books"));
  if (table && !document.getElementById("demogen-tab-link"))
    table.parentNode.append(here("demogen-tab-link", "Plots, target rate and verdict: the live page",
      "display:inline-block;margin:16px;padding:10px 18px;background:#0b7a53;color:#fff"));
}

// A slow page fills its table by changing the text of rows that stand already, and marks the chosen tab after them.
new MutationObserver(furnish).observe(document.body,
  { childList: true, characterData: true, attributeFilter: ["aria-selected"], subtree: true });
furnish();
