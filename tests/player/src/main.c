#include "player.h"

#include "TfjsBridge.h"

#include <emscripten.h>
#include <emscripten/html5.h>
#include <malloc.h>
#include <stdlib.h>

static int32_t frame;
static int width, height;
static bool capturing;
static uint8_t *captured;

static void capture(void) {
  if (hostile) hostile_pack(false);
  captured = realloc(captured, (size_t)width * height * 4);
  glReadPixels(0, 0, width, height, GL_RGBA, GL_UNSIGNED_BYTE, captured);
  if (hostile) hostile_pack(true);
}

/* As a Unity component at the end of a frame: draw first, then ask and hand over. */
static EM_BOOL on_frame(double time, void *data) {
  (void)time, (void)data;
  frame++;
  hook(HOOK_FRAME_BEGIN);
  screen_draw(frame, width, height);
  bridge_frame(frame);
  if (capturing) capture();
  hook(HOOK_FRAME_END);
  return EM_TRUE;
}

static void create_context(void) {
  EmscriptenWebGLContextAttributes attributes;
  emscripten_webgl_init_context_attributes(&attributes);
  attributes.majorVersion = 2;
  attributes.alpha = attributes.antialias = false;
  attributes.depth = attributes.stencil = true;
  emscripten_webgl_make_context_current(emscripten_webgl_create_context("#unity-canvas", &attributes));
  emscripten_get_canvas_element_size("#unity-canvas", &width, &height);
  glViewport(0, 0, width, height);
}

int main(void) {
  char source[16], every[8];
  settings_load();
  create_context();
  draw_load();
  picture_load();
  query_parameter("source", source, sizeof source);
  bridge.mode = mode_by_name(*source ? source : settings.source);
  query_parameter("every", every, sizeof every);
  if (*every) bridge.every = atoi(every);
  bridge_create_from_settings();
  emscripten_request_animation_frame_loop(on_frame, NULL);
  return 0;
}

/* --- for tests: unityInstance.Module._player_… ------------------------------------------------------------------- */

#define EXPORT EMSCRIPTEN_KEEPALIVE

EXPORT int player_frame(void) { return frame; }
EXPORT void player_set_picture(const uint8_t *rgba, int w, int h) { picture_set(rgba, w, h); }
EXPORT void player_set_mode(int mode) { bridge.mode = (Mode)mode; }
EXPORT void player_set_flags(int flags) { bridge.flags = flags; }
EXPORT void player_set_overlay(int on) { overlay = on; }
EXPORT void player_hostile_state(int on) { hostile_set(on); }

/* Submit at every n-th frame, 0 never. */
EXPORT void player_submit_every(int n) { bridge.every = n; }

/* Asks for one explicit prediction under this number, at the next frame that takes it. */
EXPORT void player_request(int number) { bridge.requested = number; }

EXPORT void player_create(const char *url, const char *hash, const char *options) { bridge_create(url, hash, options); }
EXPORT void player_dispose(void) { bridge_dispose(); }
EXPORT int player_state(void) { return bridge.state; }
EXPORT int player_error_code(void) { return TfjsBridge_ErrorCode(bridge.handle); }
EXPORT float player_progress(void) { return TfjsBridge_Progress(bridge.handle); }
EXPORT int player_message(char *dst, int size) { return bridge_message(dst, size); }
EXPORT const float *player_stats(void) { return bridge.stats; }
EXPORT int player_handle(void) { return bridge.handle; }
EXPORT int player_submit_code(void) { return bridge.submit_code; }
EXPORT int player_results(void) { return bridge.results; }
EXPORT int player_failures(void) { return bridge.failures; }

/* The newest result as Poll wrote it: header, then the numbers of its task. */
EXPORT const uint8_t *player_last_result(void) { return bridge.result; }

/* Of models that make masks or pictures: width, height, channels, frame, and what PixelsToTexture said. */
EXPORT int player_pixels(int field) { return ((int *)&pixel_result)[field]; }
/* The bytes of the newest one as CopyPixels gives them, 0 when they are gone. */
EXPORT const uint8_t *player_copied_pixels(void) { return pixels_copied(); }
/* What lies in its texture: RGBA, the bottom row first. */
EXPORT const uint8_t *player_texture_pixels(void) { return pixels_drawn(); }

/* The newest picture as the model saw it, RGBA, bottom row first; 0 where it is not this many bytes. */
EXPORT const uint8_t *player_input(int size) {
  static uint8_t *bytes;
  bytes = realloc(bytes, (size_t)size);
  return TfjsBridge_CopyInput(bridge.handle, bytes, size) == size ? bytes : NULL;
}

/* Read back every frame into player_captured(): RGBA, bottom row first, of the canvas's size. */
EXPORT void player_capture(int on) { capturing = on; }
EXPORT const uint8_t *player_captured(void) { return captured; }

/* Makes the heap grow by at least this much, so that every older view of it dies. */
EXPORT void player_grow(int megabytes) {
  uint8_t *volatile memory = malloc((size_t)megabytes << 20); /* volatile, or the compiler leaves it out */
  free(memory);
}

/* Bytes of the heap that are allocated now. */
EXPORT unsigned player_heap_used(void) { return (unsigned)mallinfo().uordblks; }
