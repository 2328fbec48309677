"use strict";
// A browser that cannot inflate shows what it shows without scripts: the four pictures and the numbers.
if ("DecompressionStream" in self) {
  const place = id => document.getElementById(id);
  const inflated = id => {
    const bytes = Uint8Array.from(atob(place(id).textContent), c => c.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
  };
  Promise.all([inflated("facts"), inflated("packed")]).then(([facts, text]) => {
    place("facts").textContent = facts; // data, which no one runs
    const script = document.createElement("script");
    script.textContent = text; // the policy knows this text by its digest
    document.body.append(script);
  });
}
