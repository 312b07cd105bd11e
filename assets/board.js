/* <x-board>: an order ([data-order]) is dragged onto a lane ([data-who]). While it is dragged, every lane says whether it may be dropped
   there and why not (the server has ranked everybody by then); a drop presses the lane's [data-give]. */
customElements.define("x-board", class extends HTMLElement {
  connectedCallback() {
    if (this.on) return; this.on = 1;
    const lane = e => e.target.closest?.("[data-who]"), over = l => { this.querySelector(".over")?.classList.remove("over"); l?.classList.add("over"); };
    this.addEventListener("dragstart", e => { const o = e.target.closest?.("[data-order]"); if (!o) return; this.from = o.dataset.order; e.dataTransfer.setData("text/plain", this.from); e.dataTransfer.effectAllowed = "move"; setTimeout(() => this.setAttribute("dragging", "")); if (o.getAttribute("aria-pressed") !== "true") o.click(); });
    this.addEventListener("dragover", e => { const l = lane(e); over(l); if (l?.dataset.may === "1") { e.preventDefault(); e.dataTransfer.dropEffect = "move"; } });
    this.addEventListener("drop", e => { const l = lane(e); if (l?.dataset.may === "1") { e.preventDefault(); l.querySelector("[data-give]")?.click(); } });
    this.addEventListener("dragend", () => { over(); this.removeAttribute("dragging"); });
  } });
