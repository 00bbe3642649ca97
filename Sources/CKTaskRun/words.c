#define _GNU_SOURCE
#include "words.h"
#include "run.h"
#include <poll.h>
#include <string.h>

struct words words_to(int file) {
  static char text[WORDS];
  return (struct words){.file = file, .text = text};
}

void put_out(struct words *words) {
  struct pollfd room = {words->file, POLLOUT, 0};
  for (size_t at = 0; at < words->used && !words->error;) {
    long count = raw(SYS_write, words->file, words->text + at, words->used - at);
    if (count > 0) at += (size_t)count;
    else if (count == -EAGAIN) raw(SYS_ppoll, &room, 1, NULL, NULL, 0);
    else if (count != -EINTR) words->error = count ? (int)-count : EIO;
  }
  words->used = 0;
}

static void put_byte(struct words *words, unsigned char byte) {
  if (words->used == WORDS) put_out(words);
  words->text[words->used++] = (char)byte;
}

void put(struct words *words, const char *text) {
  while (*text) put_byte(words, (unsigned char)*text++);
}

static void put_digits(struct words *words, uint64_t number, unsigned base, unsigned least) {
  char digits[24];
  size_t count = 0;
  for (; number || count < least; number /= base) digits[count++] = "0123456789abcdef"[number % base];
  while (count) put_byte(words, (unsigned char)digits[--count]);
}

void put_number(struct words *words, uint64_t number) { put_digits(words, number, 10, 1); }

void put_seconds(struct words *words, double seconds, unsigned digits) {
  uint64_t unit = 1;
  for (unsigned i = 0; i < digits; i++) unit *= 10;
  uint64_t units = (uint64_t)(seconds * (double)unit + 0.5);
  put_number(words, units / unit);
  put(words, ".");
  put_digits(words, units % unit, 10, digits);
}

void put_size(struct words *words, size_t bytes) {
  static const char *const names[] = {" B", " KiB", " MiB", " GiB", " TiB"};
  size_t index = 0, unit = 1;
  for (; bytes / unit >= 1024 && index + 1 < sizeof names / sizeof *names; index++) unit <<= 10;
  size_t whole = bytes / unit, hundredths = (bytes % unit * 100 + unit / 2) / unit;
  put_number(words, whole + hundredths / 100);
  hundredths %= 100;
  if (hundredths) put(words, ".");
  if (hundredths) put_digits(words, hundredths % 10 ? hundredths : hundredths / 10, 10, hundredths % 10 ? 2 : 1);
  put(words, names[index]);
}

/* A character of UTF-8, and its length in bytes; 0 where there is none. */
static size_t scalar_at(const char *text, uint32_t *scalar) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  unsigned char first = (unsigned char)*text;
  size_t length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;
  *scalar = length > 1 ? first & (0x7fU >> length) : first;
  for (size_t i = 1; i < length; i++) {
    unsigned char next = (unsigned char)text[i];
    if ((next & 0xc0) != 0x80) return 0;
    *scalar = *scalar << 6 | (next & 0x3f);
  }
  bool is_surrogate = *scalar >= 0xd800 && *scalar < 0xe000;
  return length && first < 0xf8 && *scalar >= least[length] && *scalar < 0x110000 && !is_surrogate ? length : 0;
}

/* Control characters, and those that end a line, are not seen, or turn the direction of what comes after them. */
static bool is_harmful(uint32_t scalar) {
  static const uint32_t ranges[][2] = {{0, 0x1f},          {0x7f, 0x9f},       {0xad, 0xad},      {0x61c, 0x61c},
                                       {0x200b, 0x200b},   {0x200e, 0x200f},   {0x2028, 0x202e},  {0x2060, 0x206f},
                                       {0xfeff, 0xfeff},   {0xfff9, 0xfffb},   {0xe0000, 0xe007f}};
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
    if (scalar >= ranges[i][0] && scalar <= ranges[i][1]) return true;
  return false;
}

/* As C writes it. */
static void put_in_c(struct words *words, unsigned char byte) {
  put(words, "\\");
  if (byte == '\\') put_byte(words, byte);
  else if (byte >= '\a' && byte <= '\r') put_byte(words, (unsigned char)"abtnvfr"[byte - '\a']);
  else put_digits(words, byte, 8, 3);
}

void put_shown(struct words *words, const char *name) {
  uint32_t scalar;
  for (size_t length; *name; name += length) {
    length = scalar_at(name, &scalar);
    bool is_plain = length && !is_harmful(scalar) && scalar != '\\';
    if (!length) length = 1;
    for (size_t i = 0; i < length; i++)
      is_plain ? put_byte(words, (unsigned char)name[i]) : put_in_c(words, (unsigned char)name[i]);
  }
}

/* \u1234, and of what is beyond that both halves. */
static void put_escaped(struct words *words, uint32_t scalar) {
  bool is_pair = scalar >= 0x10000;
  put(words, "\\u");
  put_digits(words, is_pair ? 0xd7c0 + (scalar >> 10) : scalar, 16, 4);
  if (is_pair) put_escaped(words, 0xdc00 + (scalar & 0x3ff));
}

void put_string(struct words *words, const char *text) {
  uint32_t scalar;
  put(words, "\"");
  for (size_t length; *text; text += length) {
    length = scalar_at(text, &scalar);
    if (!length) {
      length = 1;
      put_escaped(words, 0xfffd);
    } else if (is_harmful(scalar)) {
      put_escaped(words, scalar);
    } else {
      if (scalar == '"' || scalar == '\\') put(words, "\\");
      for (size_t i = 0; i < length; i++) put_byte(words, (unsigned char)text[i]);
    }
  }
  put(words, "\"");
}
