// Starts a player as the loader of Unity 2018 and 2019 does: by a JSON file, with a canvas of its own, the framework from a blob.
var UnityLoader = UnityLoader || {
  Progress: { handler: function () {} },

  instantiate: function (container, url, options) {
    var instance = { url: url, onProgress: UnityLoader.Progress.handler, popup: function (message) { alert(message); } };
    instance.Module = { gameInstance: instance, streamingAssetsUrl: "StreamingAssets" };
    for (var key in options) instance[key] = options[key];
    function begin() {
      instance.container = document.getElementById(container);
      if (!instance.container) return document.addEventListener("DOMContentLoaded", begin);
      var canvas = instance.Module.canvas = document.createElement("canvas");
      canvas.id = "unity-canvas";  // Unity calls it "#canvas"; the player looks for its own by this name
      canvas.width = parseInt(instance.container.style.width, 10);
      canvas.height = parseInt(instance.container.style.height, 10);
      instance.container.appendChild(canvas);
      UnityLoader.load(instance);
    }
    begin();
    return instance;
  },

  load: function (instance) {
    var folder = instance.url.slice(0, instance.url.lastIndexOf("/") + 1), module = instance.Module;
    function fetched(name) {
      return fetch(folder + name).then(function (answer) { return answer.arrayBuffer(); });
    }
    fetch(instance.url).then(function (answer) { return answer.json(); }).then(function (build) {
      instance.onProgress(instance, 0);
      return Promise.all([fetched(build.wasmFrameworkUrl), fetched(build.wasmCodeUrl), fetched(build.dataUrl)]);
    }).then(function (files) {
      instance.onProgress(instance, 0.9);
      var script = document.createElement("script");
      script.src = URL.createObjectURL(new Blob([files[0]], { type: "text/javascript" }));
      module.wasmBinary = files[1];
      module.preRun = [function () { UnityLoader.unpack(module, files[2]); }];
      script.onload = function () {
        unityFramework(module).then(function () { instance.onProgress(instance, 1); });
      };
      document.body.appendChild(script);
    });
  },

  unpack: function (module, buffer) {
    var view = new DataView(buffer), at = 20, end = view.getUint32(16, true);
    while (at < end) {
      var offset = view.getUint32(at, true), size = view.getUint32(at + 4, true), length = view.getUint32(at + 8, true);
      var name = new TextDecoder().decode(new Uint8Array(buffer, at + 12, length));
      module.FS_createDataFile("/" + name, null, new Uint8Array(buffer, offset, size), true, true, true);
      at += 12 + length;
    }
  }
};
