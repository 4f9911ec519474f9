#include "player.h"

#include <emscripten.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Settings settings;

EM_JS(void, query_parameter_js, (const char *name, char *dst, int size), {
  stringToUTF8(new URLSearchParams(location.search).get(UTF8ToString(name)) || "", dst, size);
});

void query_parameter(const char *name, char *dst, int size) { query_parameter_js(name, dst, size); }

uint8_t *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  rewind(file);
  uint8_t *bytes = malloc(*size + 1);
  *size = fread(bytes, 1, *size, file);
  bytes[*size] = 0;
  fclose(file);
  return bytes;
}

static void add_label(char *label) {
  settings.labels = realloc(settings.labels, sizeof(char *) * (settings.label_count + 1));
  settings.labels[settings.label_count++] = label;
}

static void take(const char *key, char *value) {
  if (!strcmp(key, "contract")) settings.contract = value;
  else if (!strcmp(key, "hash")) settings.hash = value;
  else if (!strcmp(key, "options")) settings.options = value;
  else if (!strcmp(key, "title")) settings.title = value;
  else if (!strcmp(key, "source")) settings.source = value;
  else if (!strcmp(key, "label")) add_label(value);
}

/* One `key=value` a line; the text stays allocated, the settings point into it. */
void settings_load(void) {
  size_t size;
  char *text = (char *)read_file("/player.txt", &size);
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    char *equals = strchr(line, '=');
    if (!equals) continue;
    *equals = 0;
    take(line, equals + 1);
  }
}
