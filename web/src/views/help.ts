// The help sheet: what /about and /security say, as text, without going there.

import { kit } from "../later";
import type { Panel } from "./chat";
import { sheet } from "./sheet";

export const helpSheet = (close: () => void): Panel =>
  sheet(close, ({ help }) => help(kit, __HELP_URL__.replace("-" + __LANG__, "-" + document.documentElement.lang)));
