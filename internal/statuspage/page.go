package statuspage

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"sotto/internal/secheaders"
)

// style is the page's only style; the policy names its hash.
const style = `
:root{color-scheme:light dark;--ink:#1a1d21;--soft:#5a626b;--paper:#fff;--card:#f3f5f7;--rule:#c9d0d6;--mark:#0b5f8a}
@media(prefers-color-scheme:dark){:root{--ink:#e9edf0;--soft:#a6b0b9;--paper:#14171a;--card:#1f2428;--rule:#3d464e;--mark:#6cc0ee}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:1rem;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
h1{font-size:1.25rem;margin:0}
h2{font-size:1rem;margin:0;font-weight:600}
header p,footer p{margin:.25rem 0;color:var(--soft);overflow-wrap:anywhere}
a{color:var(--mark)}
.cards,.tables{display:grid;gap:1rem;margin:1rem 0;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr))}
section{background:var(--card);border-radius:.5rem;padding:.75rem 1rem;min-width:0}
.now{font-size:1.75rem;line-height:1.3;margin:0;font-variant-numeric:tabular-nums}
.most{margin:0;color:var(--soft);font-size:.875rem}
svg{display:block;width:100%;height:3rem;margin:.25rem 0}
polyline{fill:none;stroke:var(--mark);stroke-width:2;stroke-linejoin:round;vector-effect:non-scaling-stroke}
line{stroke:var(--rule);stroke-width:1;vector-effect:non-scaling-stroke}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600}
th{font-weight:400;text-align:left}
thead th{color:var(--soft);font-size:.875rem}
th:not(:first-child),td{text-align:right;padding-left:.75rem}
tbody tr{border-top:1px solid var(--rule)}
`

var policy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// refresh is how often a browser asks again. It is a header, as with a meta
// element whoever reads slowly could not stop it; "?still" does.
const refresh = Interval

// ServeHTTP answers GET and HEAD with the page.
func (h *History) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	still := r.URL.RawQuery == "still"
	body := h.page(still)
	secheaders.Set(w.Header(), r.TLS != nil)
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if !still {
		w.Header().Set("Refresh", strconv.Itoa(int(refresh.Seconds())))
	}
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(body)) // whoever asked may be gone
	}
}

func (h *History) page(still bool) string {
	hour := h.hour()
	now := hour[len(hour)-1]
	var b strings.Builder
	b.WriteString("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">" +
		"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>Relay status</title>" +
		"<style>" + style + "</style></head><body><header><h1>Relay status</h1><p>Running for " +
		span(now.at.Sub(h.started)) + ", version " + html.EscapeString(h.version) + ". ")
	if still {
		b.WriteString("This page stands still. <a href=\"./\">Let it refresh itself</a></p>")
	} else {
		fmt.Fprintf(&b, "This page refreshes itself every %d seconds. <a href=\"?still\">Keep it still</a></p>", int(refresh.Seconds()))
	}
	b.WriteString("</header><main><div class=\"cards\">")
	for i := range lines {
		b.WriteString(lines[i].card(hour))
	}
	b.WriteString("</div><div class=\"tables\">")
	b.WriteString(table("Joins by result", "sotto_joins_total", hour))
	b.WriteString(table("Lockouts by kind", "sotto_lockouts_total", hour))
	b.WriteString(table("Refused at a limit", "sotto_rate_limited_total", hour))
	b.WriteString("</div></main><footer>" + facts(now) +
		"<p>Counted since the relay started, in its memory only. Scraping <a href=\"./metrics\">/metrics</a> keeps more.</p>" +
		"</footer></body></html>\n")
	return b.String()
}

// card shows one line and its last value.
func (l *line) card(hour []snapshot) string {
	points := l.points(hour)
	now, most := 0.0, 0.0
	for _, p := range points {
		now, most = p.value, max(most, p.value)
	}
	label := fmt.Sprintf("%s over the last hour: now %s, at most %s", l.name, l.format(now), l.format(most))
	return "<section><h2>" + l.name + "</h2><p class=\"now\">" + l.format(now) + "</p>" + draw(label, points, most) +
		"<p class=\"most\">at most " + l.format(most) + " in the last hour</p></section>"
}

// table shows a counter by label, in the last hour and since the start. What
// never happened has no row.
func table(caption, metric string, hour []snapshot) string {
	first, now := hour[0], hour[len(hour)-1]
	var keys []string
	for key, v := range now.values {
		if strings.HasPrefix(key, metric+" ") && v > 0 {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	var b strings.Builder
	b.WriteString("<section><table><caption>" + caption + "</caption><thead><tr><th scope=\"col\">kind</th>" +
		"<th scope=\"col\">last hour</th><th scope=\"col\">since start</th></tr></thead><tbody>")
	for _, key := range keys {
		b.WriteString("<tr><th scope=\"row\">" + html.EscapeString(words(key[len(metric)+1:])) + "</th><td>" +
			grouped(now.values[key]-first.values[key]) + "</td><td>" + grouped(now.values[key]) + "</td></tr>")
	}
	if len(keys) == 0 {
		b.WriteString("<tr><th scope=\"row\">none yet</th><td>0</td><td>0</td></tr>")
	}
	b.WriteString("</tbody></table></section>")
	return b.String()
}

func words(label string) string { return strings.ReplaceAll(label, "_", " ") }

// facts says what holds rather than what happens.
func facts(now snapshot) string {
	var held, not []string
	for key, v := range now.values {
		measure, ok := strings.CutPrefix(key, "sotto_sandbox ")
		switch {
		case !ok:
		case v == 1:
			held = append(held, words(measure))
		default:
			not = append(not, words(measure))
		}
	}
	slices.Sort(held)
	slices.Sort(not)
	text := "<p>Sandbox, enforced by the kernel: " + list(held) + ". Not in force: " + list(not) + ".</p>"
	if end := now.values["sotto_certificate_expires_seconds"]; end > 0 {
		text += "<p>The certificate expires in " + span(max(0, time.Unix(int64(end), 0).Sub(now.at))) + ".</p>"
	}
	return text
}

func list(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return html.EscapeString(strings.Join(names, ", "))
}
