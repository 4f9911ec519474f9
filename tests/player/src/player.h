/* A stand-in for a Unity WebGL player: same context, same heap, same calls as IL2CPP emits for DllImport. */
#ifndef PLAYER_H
#define PLAYER_H

#include <GLES3/gl3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- settings.c: what build.py put into the .data file --------------------------------------------------------- */

typedef struct {
  char *contract; /* relative to StreamingAssets */
  char *hash;
  char *options;
  char *title;
  char *source; /* name of a mode */
  char **labels;
  int label_count;
} Settings;

extern Settings settings;
void settings_load(void);
/* The whole file and a final zero, or NULL. The caller frees it. */
uint8_t *read_file(const char *path, size_t *size);
/* Copies the page's query parameter, "" if absent. */
void query_parameter(const char *name, char *dst, int size);

/* --- picture.c: the picture that is shown and predicted on ------------------------------------------------------ */

typedef struct {
  int width, height;
  uint8_t *pixels; /* RGBA, row 0 at the bottom */
  GLuint rgba8, srgb8;
} Picture;

extern Picture picture;
void picture_load(void);
void picture_set(const uint8_t *rgba, int width, int height);

/* --- bridge.c: the calls that a generated C# wrapper makes ------------------------------------------------------ */

typedef enum { MODE_TEXTURE, MODE_SRGB, MODE_PIXELS, MODE_CAMERA, MODE_COUNT } Mode;
enum { HOOK_FRAME_BEGIN, HOOK_BEFORE_CALL, HOOK_AFTER_CALL, HOOK_FRAME_END };

typedef struct {
  int32_t handle;
  Mode mode;
  int32_t flags;        /* SourceFlags added to those of the mode */
  int every;            /* submit at every n-th frame, 0 never */
  int32_t requested;    /* frame number of an explicit prediction, 0 for none */
  int32_t submit_code;
  int32_t state;
  float stats[32];
  uint8_t *result;      /* newest result: header and floats */
  int32_t result_size;  /* bytes at result */
  int32_t results;      /* taken so far */
  int32_t failures;
} Bridge;

extern Bridge bridge;
void bridge_create(const char *url, const char *hash, const char *options);
void bridge_create_from_settings(void);
void bridge_dispose(void);
/* Zero-terminated text of the newest error; returns its length, 0 for none, -n when it needs n bytes. */
int bridge_message(char *dst, int size);
void bridge_frame(int32_t frame);
Mode mode_by_name(const char *name);
/* Lets a test look at the page between two calls. */
void hook(int point);
const int32_t *result_header(void);
const float *result_scores(void);

/* --- camera.c: what a generated C# wrapper does with the camera --------------------------------------------------- */

void camera_frame(void);
/* --- pixels.c: a mask or a picture that the model made ------------------------------------------------------------ */

typedef struct {
  int width, height, channels; /* 0 before the first one */
  int32_t frame, code;         /* of the newest result, and what PixelsToTexture said */
  GLuint texture;
} PixelResult;

extern PixelResult pixel_result;
bool pixels_are(const int32_t *header);
/* Has the newest result drawn into its texture. */
void pixels_take(const int32_t *header, const float *numbers);
/* Its bytes, the bottom row first; NULL when the runtime does not keep them any more. */
const uint8_t *pixels_copied(void);
/* What lies in its texture: RGBA, the bottom row first. */
const uint8_t *pixels_drawn(void);

/* --- draw.c and screen.c: what the canvas shows ------------------------------------------------------------------ */

typedef struct {
  float r, g, b, a;
} Color;

enum { FONT_LARGE, FONT_SMALL };

void draw_load(void);
/* Binds everything once; frames rely on it, as Unity relies on the state it cached. */
void draw_bind(void);
void draw_begin(int width, int height);
void draw_picture(float x, float y, float width, float height);
/* What the model made; second of a frame. */
void draw_result(float x, float y, float width, float height);
void draw_box(float x, float y, float width, float height, Color color);
/* Draws UTF-8 with its top left at x, y and returns its width. */
float draw_text(float x, float y, int font, const char *text, Color color);
void draw_end(void);

extern bool overlay; /* show scores */
void screen_draw(int32_t frame, int width, int height);

/* --- hostile.c: GL state that a careless plug-in trips over ------------------------------------------------------- */

extern bool hostile;
void hostile_set(bool on);
/* State that can only be on while nothing is drawn. */
void hostile_call(bool on);
/* Pixel-pack state away and back again, around the player's own read-back. */
void hostile_pack(bool on);

#endif
