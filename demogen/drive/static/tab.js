// In Locust's own pages: a link to ours that stays in sight, in the start form and on every tab.
"use strict";

const link = document.createElement("a");
link.id = "demogen-link";
link.href = "./demogen";
link.textContent = "Ledger: live page";
link.style.cssText =
  "position:fixed;left:228px;top:17px;z-index:1300;padding:9px 16px;border-radius:20px;background:#fff;" +
  "color:#0b5a3c;font:600 14px/1 system-ui,sans-serif;text-decoration:none";
document.body.append(link);
