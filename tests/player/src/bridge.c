#include "player.h"

#include "TfjsBridge.h"

#include <emscripten.h>
#include <stdlib.h>
#include <string.h>

Bridge bridge = {.every = 1};

EM_JS(void, hook_js, (int point), {
  if (Module["playerHook"]) Module["playerHook"](point);
});

EM_JS(void, streaming_assets_path, (char *dst, int size), {
  stringToUTF8(new URL(Module["streamingAssetsUrl"], document.URL).href, dst, size);
});

void hook(int point) { hook_js(point); }

static const char *const MODE_NAMES[MODE_COUNT] = {"texture", "srgb", "pixels", "camera"};

Mode mode_by_name(const char *name) {
  for (int mode = 0; mode < MODE_COUNT; mode++)
    if (!strcmp(name, MODE_NAMES[mode])) return (Mode)mode;
  return MODE_TEXTURE;
}

const int32_t *result_header(void) { return (const int32_t *)bridge.result; }
const float *result_scores(void) { return (const float *)(bridge.result + TFJS_BRIDGE_RESULT_HEADER_BYTES); }

void bridge_create(const char *url, const char *hash, const char *options) {
  if (bridge.handle) TfjsBridge_Dispose(bridge.handle);
  free(bridge.result);
  bridge = (Bridge){.mode = bridge.mode, .flags = bridge.flags, .every = bridge.every};
  bridge.result_size = TFJS_BRIDGE_RESULT_HEADER_BYTES;
  bridge.result = calloc(1, (size_t)bridge.result_size);
  if (TfjsBridge_Abi() == TFJS_BRIDGE_ABI_VERSION) bridge.handle = TfjsBridge_Create(url, hash, options);
}

void bridge_create_from_settings(void) {
  char url[2048];
  streaming_assets_path(url, 1024);
  strcat(url, "/");
  strncat(url, settings.contract, 1000);
  bridge_create(url, settings.hash, settings.options);
}

void bridge_dispose(void) { TfjsBridge_Dispose(bridge.handle); }

int bridge_message(char *dst, int size) {
  int32_t length = TfjsBridge_Message(bridge.handle, (uint8_t *)dst, size - 1);
  dst[length > 0 ? length : 0] = 0;
  return length;
}

static int32_t submit(int32_t frame, int32_t flags) {
  flags |= bridge.flags;
  switch (bridge.mode) {
    case MODE_PIXELS:
      return TfjsBridge_SubmitPixels(bridge.handle, picture.pixels, picture.width, picture.height, flags, frame);
    case MODE_CAMERA:
      return TfjsBridge_SubmitCamera(bridge.handle, flags, frame);
    case MODE_SRGB:
      flags |= TFJS_BRIDGE_SOURCE_FLAGS_LINEAR;
      return TfjsBridge_SubmitTexture(bridge.handle, (int32_t)picture.srgb8, picture.width, picture.height, flags, frame);
    default:
      return TfjsBridge_SubmitTexture(bridge.handle, (int32_t)picture.rgba8, picture.width, picture.height, flags, frame);
  }
}

/* Takes one result; a buffer that is too small grows to what Poll asks for. */
static bool poll(void) {
  int32_t got = TfjsBridge_Poll(bridge.handle, bridge.result, bridge.result_size);
  if (got < -1) {
    bridge.result_size = -got;
    bridge.result = realloc(bridge.result, (size_t)bridge.result_size);
    got = TfjsBridge_Poll(bridge.handle, bridge.result, bridge.result_size);
  }
  bridge.results += got > 0;
  if (got > 0 && pixels_are(result_header())) pixels_take(result_header(), result_scores());
  bridge.failures += got == -1;
  return got != 0;
}

static void submit_now(int32_t frame) {
  if (bridge.requested) {
    bridge.submit_code = submit(bridge.requested, TFJS_BRIDGE_SOURCE_FLAGS_QUEUE);
    if (bridge.submit_code >= 0) bridge.requested = 0;
  } else if (bridge.every && frame % bridge.every == 0) {
    bridge.submit_code = submit(frame, 0);
  }
}

void bridge_frame(int32_t frame) {
  if (!bridge.handle) return;
  if (hostile) hostile_call(true);
  hook(HOOK_BEFORE_CALL);
  bridge.state = TfjsBridge_State(bridge.handle);
  poll();
  if (bridge.state == TFJS_BRIDGE_STATE_READY) submit_now(frame);
  camera_frame();
  hook(HOOK_AFTER_CALL);
  if (hostile) hostile_call(false);
  TfjsBridge_Stats(bridge.handle, (uint8_t *)bridge.stats, sizeof bridge.stats);
}
