#include "player.h"

#include "TfjsBridge.h"

#include <stdio.h>
#include <string.h>

bool overlay = true;

static const Color WHITE = {0.95f, 0.96f, 0.98f, 1}, GRAY = {0.56f, 0.6f, 0.68f, 1}, PANEL = {0.12f, 0.135f, 0.17f, 1};
static const Color TRACK = {0.19f, 0.21f, 0.26f, 1}, BEST = {0.36f, 0.78f, 0.55f, 1}, OTHER = {0.33f, 0.5f, 0.78f, 1};
static const Color RED = {0.95f, 0.45f, 0.4f, 1};

enum { MARGIN = 24, MAX_ROWS = 8 };

static void draw_source(float side) {
  float scale = side / (float)(picture.width > picture.height ? picture.width : picture.height);
  float width = (float)picture.width * scale, height = (float)picture.height * scale;
  draw_picture(MARGIN + (side - width) / 2, MARGIN + (side - height) / 2, width, height);
}

/* What the model made, as large as it fits. */
static void draw_made(float x, float y, float width, float height) {
  float scale = width / (float)pixel_result.width;
  if ((float)pixel_result.height * scale > height) scale = height / (float)pixel_result.height;
  draw_result(x, y, (float)pixel_result.width * scale, (float)pixel_result.height * scale);
}

static void draw_row(float x, float y, float width, int rank, const char *label, float score) {
  char text[32];
  snprintf(text, sizeof text, "%.3f", (double)score);
  draw_text(x, y, FONT_SMALL, label, rank ? GRAY : WHITE);
  draw_text(x + width - 46, y, FONT_SMALL, text, rank ? GRAY : WHITE);
  draw_box(x, y + 24, width, 8, TRACK);
  draw_box(x, y + 24, width * (score < 0 ? 0 : score > 1 ? 1 : score), 8, rank ? OTHER : BEST);
}

/* Numbers of a class, or of a box, in a result. */
static int result_stride(const int32_t *header) { return header[1] == TFJS_BRIDGE_TASK_DETECTION ? 6 : 2; }

static void draw_scores(float x, float y, float width) {
  const int32_t *header = result_header();
  int stride = header ? result_stride(header) : 2, rows = header ? header[3] / stride : 0;
  for (int rank = 0; rank < rows && rank < MAX_ROWS; rank++) {
    const float *numbers = result_scores() + stride * rank;
    int index = (int)numbers[0];
    const char *label = index >= 0 && index < settings.label_count ? settings.labels[index] : "?";
    draw_row(x, y + 50 * (float)rank, width, rank, label, numbers[1]);
  }
}

static void draw_frame(float x, float y, float width, float height, Color color) {
  draw_box(x, y, width, 3, color);
  draw_box(x, y + height - 3, width, 3, color);
  draw_box(x, y, 3, height, color);
  draw_box(x + width - 3, y, 3, height, color);
}

/* What a detector found, on the picture that was shown to it. */
static void draw_boxes(float side) {
  const int32_t *header = result_header();
  if (!header || result_stride(header) != 6) return;
  float scale = side / (float)(picture.width > picture.height ? picture.width : picture.height);
  float width = (float)picture.width * scale, height = (float)picture.height * scale;
  float x = MARGIN + (side - width) / 2, y = MARGIN + (side - height) / 2;
  for (int rank = 0; rank < header[3] / 6; rank++) {
    const float *at = result_scores() + 6 * rank;
    draw_frame(x + width * at[2], y + height * at[3], width * at[4], height * at[5], rank ? OTHER : BEST);
  }
}

enum { LINE_LENGTH = 36, LINE_HEIGHT = 22 };

/* Breaks `text` at spaces into lines of at most LINE_LENGTH bytes; a longer word is cut. */
static void draw_paragraph(float x, float y, char *text, Color color) {
  while (*text) {
    size_t length = strlen(text), cut = length;
    if (length > LINE_LENGTH)
      for (cut = LINE_LENGTH; cut && text[cut] != ' ';) cut--;
    if (!cut) cut = LINE_LENGTH;
    char *rest = text + cut + (text[cut] == ' '), kept = text[cut];
    text[cut] = 0;
    draw_text(x, y, FONT_SMALL, text, color);
    text[cut] = kept;
    y += LINE_HEIGHT;
    text = rest;
  }
}

static void draw_error(float x, float y) {
  char text[1024];
  snprintf(text, sizeof text, "error %d", (int)TfjsBridge_ErrorCode(bridge.handle));
  draw_text(x, y, FONT_SMALL, text, RED);
  bridge_message(text, sizeof text);
  draw_paragraph(x, y + 42, text, GRAY);
}

static void draw_state(float x, float y) {
  static const char *const BACKENDS[] = {"", "webgl", "wasm", "cpu"};
  static const char *const PATHS[] = {"", "pixels", "texture", "camera", "probe"};
  char text[128];
  if (bridge.state == TFJS_BRIDGE_STATE_LOADING) {
    snprintf(text, sizeof text, "loading %d %%", (int)(100 * TfjsBridge_Progress(bridge.handle)));
    draw_text(x, y, FONT_SMALL, text, GRAY);
  } else if (bridge.state == TFJS_BRIDGE_STATE_FAILED) {
    draw_error(x, y);
  } else if (bridge.state == TFJS_BRIDGE_STATE_READY) {
    const float *stats = bridge.stats;
    snprintf(text, sizeof text, "%s   %s   %.1f ms", BACKENDS[(int)stats[TFJS_BRIDGE_STAT_BACKEND] & 3],
             PATHS[(int)stats[TFJS_BRIDGE_STAT_PATH] % 5], (double)stats[TFJS_BRIDGE_STAT_EXECUTE_MS]);
    draw_text(x, y, FONT_SMALL, text, GRAY);
  }
}

/* A small runner shows that frames go on; it depends on the frame number alone. */
static void draw_runner(int32_t frame, float x, float y, float width) {
  draw_box(x, y, width, 4, TRACK);
  draw_box(x + (width - 24) * (float)(frame % 30) / 29, y, 24, 4, OTHER);
}

void screen_draw(int32_t frame, int width, int height) {
  float side = (float)height - 2 * MARGIN, x = side + 2 * MARGIN, panel = (float)width - x - MARGIN;
  draw_begin(width, height);
  draw_source(side);
  bool pixels = overlay && pixel_result.width > 0;
  if (pixels) draw_made(x + 20, MARGIN + 100, panel - 40, side - 150);
  if (!pixels) draw_box(x, MARGIN, panel, side, PANEL);
  draw_text(x + 20, MARGIN + 16, FONT_LARGE, settings.title, WHITE);
  if (overlay) {
    draw_state(x + 20, MARGIN + 58);
    if (!pixels) draw_scores(x + 20, MARGIN + 100, panel - 40);
    draw_boxes(side);
  }
  draw_runner(frame, x + 20, (float)height - MARGIN - 20, panel - 40);
  draw_end();
}
