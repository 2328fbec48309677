"use strict";
// A browser that cannot inflate shows what it shows without scripts: the four pictures and the numbers.
if ("DecompressionStream" in self) {
  const bytes = Uint8Array.from(atob(document.getElementById("packed").textContent), c => c.charCodeAt(0));
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  new Response(inflated).text().then(text => {
    const script = document.createElement("script");
    script.textContent = text; // the policy knows this text by its digest
    document.body.append(script);
  });
}
