"use strict";(()=>{const __JOINED__={wasm:{file:{"path":"tfjs-backend-wasm-simd.658923625ff5.wasm","bytes":28,"sha256":"658923625ff55ea23824035cad3701285c7594f8147bffbb4404a7054d8c4478"},script:{"path":"tfjs-bridge-wasm.a14e902677aa.js","bytes":75,"sha256":"a14e902677aa3d86555694b5e90503c1b376d8caf9120dea75d5401a9a501177"},names:()=>[]}};// stands for the core
// graph-model
// converter
// layers-model
// webgl
})();
