// In Locust's own pages: a link to ours that stays in sight, in the start form and on every tab.
"use strict";

const link = document.createElement("a");
link.id = "demogen-link";
link.href = "./demogen";
link.textContent = "Ledger: live plots, target rate, verdict";
link.style.cssText =
  "position:fixed;right:20px;bottom:16px;z-index:1300;padding:9px 16px;border-radius:20px;background:#0b7a53;" +
  "color:#fff;font:600 14px/1 system-ui,sans-serif;text-decoration:none;box-shadow:0 2px 8px rgba(0,0,0,.3)";
document.body.append(link);
