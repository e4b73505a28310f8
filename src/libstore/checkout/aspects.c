// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/aspects.h"

char *
ul_checkout_aspects_to_string (UlCheckoutAspects aspects)
{
  static const struct
  {
    UlCheckoutAspects aspect;
    const char *name;
  } names[] = {
    { UL_CHECKOUT_TYPE, "type" },     { UL_CHECKOUT_CONTENT, "content" },
    { UL_CHECKOUT_TARGET, "target" }, { UL_CHECKOUT_MODE, "mode" },
    { UL_CHECKOUT_OWNER, "owner" },   { UL_CHECKOUT_XATTRS, "xattrs" },
    { UL_CHECKOUT_OBJECT, "object" },
  };
  GString *text = g_string_new (NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if ((aspects & names[i].aspect) != 0)
      g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", names[i].name);
  return g_string_free (text, FALSE);
}
