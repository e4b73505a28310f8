// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/suggest.h"

#include <string.h>

guint
ul_suggest_distance (const char *a, const char *b)
{
  const gsize alen = strlen (a), blen = strlen (b), width = blen + 1;
  g_autofree guint *d = g_new (guint, (alen + 1) * width);

  for (gsize i = 0; i <= alen; i++)
    for (gsize j = 0; j <= blen; j++)
      {
        guint *cell = &d[i * width + j];
        if (i == 0 || j == 0)
          {
            *cell = i + j;
            continue;
          }
        const guint change = a[i - 1] == b[j - 1] ? 0 : 1;
        *cell = MIN (MIN (d[(i - 1) * width + j] + 1, d[i * width + j - 1] + 1),
                     d[(i - 1) * width + j - 1] + change);
        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
          *cell = MIN (*cell, d[(i - 2) * width + j - 2] + 1);
      }
  return d[alen * width + blen];
}

const char *
ul_suggest_nearest (const char *typed, const char *const *words)
{
  const gsize len = strlen (typed);
  /* The table of distances is quadratic; no word of ours is that long. */
  if (len == 0 || len > 64)
    return NULL;

  const char *nearest = NULL;
  const char *begins = NULL;
  guint best = (guint) MAX (1, len / 3) + 1;
  for (; *words != NULL; words++)
    {
      const guint distance = ul_suggest_distance (typed, *words);
      if (distance < best)
        {
          best = distance;
          nearest = *words;
        }
      if (begins == NULL && g_str_has_prefix (*words, typed))
        begins = *words;
    }
  return nearest != NULL ? nearest : begins;
}
