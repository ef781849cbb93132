// Figures are drawn when they come into view; the trajectory plays in the viewer.
"use strict";
const style = getComputedStyle(document.documentElement);
const ink = style.getPropertyValue("--ink").trim(), line = style.getPropertyValue("--line").trim();
const dark = matchMedia("(prefers-color-scheme: dark)").matches;

function draw(div) {
  const { data, layout } = charts[div.dataset.name];
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: ink, automargin: true };
  const full = {
    ...layout, height: layout.yaxis2 ? 460 : 320, margin: { l: 60, r: 16, t: 16, b: 48 }, paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)", font: { color: ink, size: 13 }, hovermode: data[0].type === "heatmap" ? "closest" : "x unified",
    modebar: { bgcolor: "rgba(0,0,0,0)", color: "#888", activecolor: ink }, hoverlabel: { bgcolor: dark ? "#1e2126" : "#fff", font: { color: ink } },
    showlegend: data.filter(trace => trace.showlegend !== false).length > 1, legend: { orientation: "h", y: 1.12 },
  };
  for (const name of ["xaxis", "yaxis", "yaxis2"]) if (full[name]) full[name] = { ...axis, ...full[name] };
  const buttons = [["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "autoScale2d"]];
  Plotly.newPlot(div, data, full, { responsive: true, displaylogo: false, modeBarButtons: buttons });
}

const seen = new IntersectionObserver(entries => {
  for (const entry of entries) if (entry.isIntersecting) { seen.unobserve(entry.target); draw(entry.target); }
}, { rootMargin: "300px" });
document.querySelectorAll(".chart").forEach(div => seen.observe(div));

function play(movie) {
  const viewer = $3Dmol.createViewer("viewer", { backgroundColor: dark ? "#121212" : "#ffffff" });
  viewer.addModelsAsFrames(movie.xyz, "xyz", { assignBonds: false });
  viewer.setStyle({}, { sphere: { scale: 0.42, colorscheme: "Jmol" } });
  for (const [a, b] of movie.edges) {
    const [start, end] = [a, b].map(([x, y, z]) => ({ x, y, z }));
    viewer.addLine({ start, end, color: dark ? "#aaaaaa" : "#555555", dashed: false });
  }
  viewer.rotate(-90, "x");
  viewer.zoomTo();
  viewer.render();
  const slider = document.getElementById("frame"), time = document.getElementById("time"), button = document.getElementById("play");
  const show = i => { slider.value = i; time.textContent = movie.times[i]; return viewer.setFrame(i).then(() => viewer.render()); };
  let timer = null;
  const stop = () => { clearInterval(timer); timer = null; button.textContent = "Play"; };
  slider.max = movie.times.length - 1;
  slider.oninput = () => { stop(); show(+slider.value); };
  button.onclick = () => {
    if (timer) return stop();
    button.textContent = "Pause";
    timer = setInterval(() => show((+slider.value + 1) % movie.times.length), 120);
  };
  show(0);
}
if (movie) {
  try { play(movie); } catch (error) {
    document.getElementById("viewer").textContent = `The trajectory cannot be shown: ${error.message} (it needs WebGL).`;
  }
}
