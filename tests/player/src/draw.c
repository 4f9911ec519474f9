#include "player.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Unit 0 holds the picture, unit 1 the glyphs; both stay bound, as do program, vertex array and buffer. */
typedef struct {
  float x, y, u, v;
  Color color;
} Vertex;

typedef struct {
  int32_t code, font, x, y, width, height, left, top, advance;
} Glyph;

enum { MAX_VERTICES = 6 * 2048, PICTURE_VERTICES = 6 };

static const char *const VERTEX_SHADER =
    "#version 300 es\n"
    "layout(location = 0) in vec2 position;\n"
    "layout(location = 1) in vec2 coordinate;\n"
    "layout(location = 2) in vec4 color;\n"
    "uniform vec2 size;\n"
    "out vec2 at;\n"
    "out vec4 tint;\n"
    "void main() {\n"
    "  at = coordinate;\n"
    "  tint = color;\n"
    "  gl_Position = vec4(position / size * vec2(2, -2) + vec2(-1, 1), 0, 1);\n"
    "}\n";

static const char *const FRAGMENT_SHADER =
    "#version 300 es\n"
    "precision highp float;\n"
    "uniform sampler2D picture, glyphs;\n"
    "uniform int kind;\n"
    "in vec2 at;\n"
    "in vec4 tint;\n"
    "out vec4 result;\n"
    "void main() {\n"
    "  vec4 found = texture(picture, at);\n"
    "  if (kind == 0) result = found * tint;\n"
    "  else if (kind == 2) result = vec4(found.rrr, 1);\n"
    "  else result = vec4(tint.rgb, tint.a * texture(glyphs, at).r);\n"
    "}\n";

static GLuint program, vertex_array, vertex_buffer, atlas;
static GLint size_uniform, kind_uniform;
static Vertex vertices[MAX_VERTICES];
static int used, result_begin;
static const Glyph *glyphs;
static int glyph_count, atlas_width, atlas_height;

static void compile(GLenum type, const char *source) {
  GLuint shader = glCreateShader(type);
  glShaderSource(shader, 1, &source, NULL);
  glCompileShader(shader);
  glAttachShader(program, shader);
  glDeleteShader(shader);
}

static void load_program(void) {
  program = glCreateProgram();
  compile(GL_VERTEX_SHADER, VERTEX_SHADER);
  compile(GL_FRAGMENT_SHADER, FRAGMENT_SHADER);
  glLinkProgram(program);
  glUseProgram(program);
  size_uniform = glGetUniformLocation(program, "size");
  kind_uniform = glGetUniformLocation(program, "kind");
  glUniform1i(glGetUniformLocation(program, "picture"), 0);
  glUniform1i(glGetUniformLocation(program, "glyphs"), 1);
}

static void attribute(GLuint index, GLint count, size_t offset) {
  glEnableVertexAttribArray(index);
  glVertexAttribPointer(index, count, GL_FLOAT, GL_FALSE, sizeof(Vertex), (const void *)offset);
}

static void load_vertices(void) {
  glGenVertexArrays(1, &vertex_array);
  glBindVertexArray(vertex_array);
  glGenBuffers(1, &vertex_buffer);
  glBindBuffer(GL_ARRAY_BUFFER, vertex_buffer);
  glBufferData(GL_ARRAY_BUFFER, sizeof vertices, NULL, GL_DYNAMIC_DRAW);
  attribute(0, 2, offsetof(Vertex, x));
  attribute(1, 2, offsetof(Vertex, u));
  attribute(2, 4, offsetof(Vertex, color));
}

/* font.bin: int32 width, height, count; the glyphs; one byte of coverage per pixel. Stays allocated. */
static void load_atlas(void) {
  size_t size;
  const uint8_t *file = read_file("/font.bin", &size);
  const int32_t *header = (const int32_t *)file;
  atlas_width = header[0];
  atlas_height = header[1];
  glyph_count = header[2];
  glyphs = (const Glyph *)(header + 3);
  glActiveTexture(GL_TEXTURE1);
  glGenTextures(1, &atlas);
  glBindTexture(GL_TEXTURE_2D, atlas);
  glTexStorage2D(GL_TEXTURE_2D, 1, GL_R8, atlas_width, atlas_height);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
  glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
  glTexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, atlas_width, atlas_height, GL_RED, GL_UNSIGNED_BYTE, glyphs + glyph_count);
  glPixelStorei(GL_UNPACK_ALIGNMENT, 4);
}

void draw_load(void) {
  load_program();
  load_vertices();
  load_atlas();
  glDisable(GL_DITHER);
  glEnable(GL_BLEND);
  glBlendFunc(GL_SRC_ALPHA, GL_ONE_MINUS_SRC_ALPHA);
  glClearColor(0.075f, 0.085f, 0.11f, 1);
}

void draw_bind(void) {
  glUseProgram(program);
  glBindVertexArray(vertex_array);
  glBindBuffer(GL_ARRAY_BUFFER, vertex_buffer);
  glActiveTexture(GL_TEXTURE1);
  glBindTexture(GL_TEXTURE_2D, atlas);
  glActiveTexture(GL_TEXTURE0);
  glBindTexture(GL_TEXTURE_2D, picture.rgba8);
}

static void quad(float x, float y, float width, float height, const float uv[4], Color color) {
  static const int CORNERS[6][2] = {{0, 0}, {1, 0}, {0, 1}, {0, 1}, {1, 0}, {1, 1}};
  if (used + 6 > MAX_VERTICES) return;
  for (int i = 0; i < 6; i++) {
    int right = CORNERS[i][0], low = CORNERS[i][1];
    vertices[used++] = (Vertex){x + width * (float)right, y + height * (float)low, uv[2 * right], uv[2 * low + 1], color};
  }
}

void draw_begin(int width, int height) {
  used = result_begin = 0;
  glUniform2f(size_uniform, (float)width, (float)height);
  glClear(GL_COLOR_BUFFER_BIT);
}

/* First of a frame. Row 0 is the bottom row, so v runs from 1 to 0. */
void draw_picture(float x, float y, float width, float height) {
  static const float UV[4] = {0, 1, 1, 0};
  quad(x, y, width, height, UV, (Color){1, 1, 1, 1});
}

void draw_result(float x, float y, float width, float height) {
  result_begin = used;
  draw_picture(x, y, width, height);
}

static void draw_glyph(float x, float y, const Glyph *glyph, Color color) {
  float w = (float)atlas_width, h = (float)atlas_height;
  float uv[4] = {(float)glyph->x / w, (float)glyph->y / h, (float)(glyph->x + glyph->width) / w,
                 (float)(glyph->y + glyph->height) / h};
  quad(x + (float)glyph->left, y + (float)glyph->top, (float)glyph->width, (float)glyph->height, uv, color);
}

/* The atlas begins with a solid 2x2 square. */
void draw_box(float x, float y, float width, float height, Color color) {
  float uv[4] = {0.5f / (float)atlas_width, 0.5f / (float)atlas_height, 1.5f / (float)atlas_width, 1.5f / (float)atlas_height};
  quad(x, y, width, height, uv, color);
}

/* Decodes one code point of valid UTF-8 and steps over it. */
static int32_t next_code(const char **text) {
  const uint8_t *at = (const uint8_t *)*text;
  int extra = at[0] < 0x80 ? 0 : at[0] < 0xE0 ? 1 : at[0] < 0xF0 ? 2 : 3;
  int32_t code = extra ? at[0] & (0x3F >> extra) : at[0];
  for (int i = 1; i <= extra; i++) code = code << 6 | (at[i] & 0x3F);
  *text += 1 + extra;
  return code;
}

static const Glyph *find_glyph(int font, int32_t code) {
  for (int i = 0; i < glyph_count; i++)
    if (glyphs[i].font == font && glyphs[i].code == code) return &glyphs[i];
  return code == '?' ? NULL : find_glyph(font, '?');
}

float draw_text(float x, float y, int font, const char *text, Color color) {
  float start = x;
  while (*text) {
    const Glyph *glyph = find_glyph(font, next_code(&text));
    if (!glyph) continue;
    draw_glyph(x, y, glyph, color);
    x += (float)glyph->advance;
  }
  return x - start;
}

void draw_end(void) {
  glBufferSubData(GL_ARRAY_BUFFER, 0, (GLsizeiptr)(sizeof(Vertex) * (size_t)used), vertices);
  glUniform1i(kind_uniform, 0);
  glDrawArrays(GL_TRIANGLES, 0, PICTURE_VERTICES);
  int drawn = PICTURE_VERTICES;
  if (result_begin) {
    glBindTexture(GL_TEXTURE_2D, pixel_result.texture);
    glUniform1i(kind_uniform, pixel_result.channels == 1 ? 2 : 0);
    glDrawArrays(GL_TRIANGLES, result_begin, PICTURE_VERTICES);
    glBindTexture(GL_TEXTURE_2D, picture.rgba8);
    drawn += PICTURE_VERTICES;
  }
  glUniform1i(kind_uniform, 1);
  glDrawArrays(GL_TRIANGLES, drawn, used - drawn);
}
