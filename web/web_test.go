package web_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sotto/web"
)

// answer is one response as it came over the wire.
type answer struct {
	code   int
	header http.Header
	head   int // bytes of the status line and the headers, the empty line included
	body   []byte
}

// ask sends one request over a connection of its own and reads the bytes that
// come back: http.Client would hide some of them.
func ask(t *testing.T, s *httptest.Server, method, target string, header ...string) answer {
	t.Helper()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if s.TLS != nil {
		// The test server signs its own certificate.
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	lines := append([]string{method + " " + target + " HTTP/1.1", "Host: relay.example", "Connection: close"}, header...)
	if _, err := io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	head, body, ok := bytes.Cut(all, []byte("\r\n\r\n"))
	if !ok {
		t.Fatalf("%s %s: no end of headers in %q", method, target, all)
	}
	tp := textproto.NewReader(bufio.NewReader(bytes.NewReader(all)))
	status, err := tp.ReadLine()
	if err != nil {
		t.Fatal(err)
	}
	fields, err := tp.ReadMIMEHeader()
	if err != nil {
		t.Fatal(err)
	}
	code, err := strconv.Atoi(strings.Fields(status)[1])
	if err != nil {
		t.Fatal(err)
	}
	return answer{code, http.Header(fields), len(head) + 4, body}
}

func serve(t *testing.T, c web.Config) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(web.Handler(c))
	t.Cleanup(s.Close)
	return s
}

// manifest reads what dist claims to hold.
func manifest(t *testing.T) map[string]string {
	t.Helper()
	content, err := os.ReadFile("dist/MANIFEST")
	if err != nil {
		t.Fatal(err)
	}
	sums := make(map[string]string)
	for line := range strings.Lines(string(content)) {
		sum, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			t.Fatalf("MANIFEST: %q", line)
		}
		sums[name] = sum
	}
	return sums
}

// lazy returns the path of a file with a hash in its name.
func lazy(t *testing.T, prefix string) string {
	t.Helper()
	for name := range manifest(t) {
		if strings.HasPrefix(name, prefix) && (strings.HasSuffix(name, ".js") || strings.HasSuffix(name, ".json")) {
			return "/" + name
		}
	}
	t.Fatalf("nothing in MANIFEST begins with %q", prefix)
	return ""
}

// always are the headers of every answer, whatever was asked.
var always = map[string]string{
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Embedder-Policy": "require-corp",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Origin-Agent-Cluster":         "?1",
	"X-Frame-Options":              "DENY",
	"Permissions-Policy":           "camera=(self), microphone=(self), geolocation=(), display-capture=(), usb=(), serial=(), bluetooth=(), payment=()",
	"X-Robots-Tag":                 "noindex",
	"Cache-Control":                "no-store",
}

const (
	strict   = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	trusting = "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)

// TestHeaders asks for every kind of answer there is, over plain HTTP, over
// TLS and behind a proxy, and allows no header that is not expected.
func TestHeaders(t *testing.T) {
	etag := func(path string) string {
		return ask(t, serve(t, web.Config{}), "GET", path).header.Get("Etag")
	}
	tests := map[string]struct {
		method, target string
		header         []string
		code           int
		policy         string   // prefix and suffix around hashes, "…" between
		also           []string // further headers there must be
	}{
		"document":     {"GET", "/", nil, 200, "default-src 'none'; script-src 'sha256-…' 'self'; connect-src 'self'; style-src 'sha256-…'; " + trusting, []string{"Content-Type", "Etag", "Vary"}},
		"head":         {"HEAD", "/", nil, 200, "default-src 'none'; script-src 'sha256-…' 'self'; connect-src 'self'; style-src 'sha256-…'; " + trusting, []string{"Content-Type", "Etag", "Vary"}},
		"query":        {"GET", "/?a=b", nil, 200, "default-src 'none'; script-src 'sha256-…' 'self'; connect-src 'self'; style-src 'sha256-…'; " + trusting, []string{"Content-Type", "Etag", "Vary"}},
		"brotli":       {"GET", "/", []string{"Accept-Encoding: br"}, 200, "default-src 'none'; script-src 'sha256-…' 'self'; connect-src 'self'; style-src 'sha256-…'; " + trusting, []string{"Content-Type", "Content-Encoding", "Etag", "Vary"}},
		"unchanged":    {"GET", "/", []string{"If-None-Match: " + etag("/")}, 304, "default-src 'none'; script-src 'sha256-…' 'self'; connect-src 'self'; style-src 'sha256-…'; " + trusting, []string{"Etag", "Vary"}},
		"about":        {"GET", "/about", nil, 200, "default-src 'none'; style-src 'sha256-…'; " + trusting, []string{"Content-Type", "Etag", "Vary"}},
		"security":     {"GET", "/security", nil, 200, "default-src 'none'; style-src 'sha256-…'; " + trusting, []string{"Content-Type", "Etag", "Vary"}},
		"lazy script":  {"GET", lazy(t, "more-"), nil, 200, strict, []string{"Content-Type", "Etag", "Vary"}},
		"numbers":      {"GET", lazy(t, "numbers-"), nil, 200, strict, []string{"Content-Type", "Etag", "Vary"}},
		"strings":      {"GET", lazy(t, "strings-sw-"), nil, 200, strict, []string{"Content-Type", "Etag", "Vary"}},
		"licences":     {"GET", "/licences.txt", nil, 200, strict, []string{"Content-Type", "Etag", "Vary"}},
		"help":         {"GET", "/help-en.json", nil, 200, strict, []string{"Content-Type", "Etag", "Vary"}},
		"not found":    {"GET", "/nothing", nil, 404, strict, []string{"Content-Type"}},
		"no manifest":  {"GET", "/MANIFEST", nil, 404, strict, []string{"Content-Type"}},
		"no variant":   {"GET", lazy(t, "more-") + ".br", nil, 404, strict, []string{"Content-Type"}},
		"no file name": {"GET", "/index.en.html", nil, 404, strict, []string{"Content-Type"}},
		"dots":         {"GET", "/../web.go", nil, 404, strict, []string{"Content-Type"}},
		"post":         {"POST", "/", []string{"Content-Length: 0"}, 405, strict, []string{"Allow", "Content-Type"}},
		"delete":       {"DELETE", "/nothing", nil, 405, strict, []string{"Allow", "Content-Type"}},
		"options":      {"OPTIONS", "/x", nil, 405, strict, []string{"Allow", "Content-Type"}},
		"panic":        {"GET", "/x", nil, 303, strict, []string{"Location", "Clear-Site-Data"}},
		"panic, typed": {"GET", "/x", []string{"Sec-Fetch-Mode: navigate", "Sec-Fetch-Site: none"}, 303, strict, []string{"Location", "Clear-Site-Data"}},
		"panic, own":   {"GET", "/x", []string{"Sec-Fetch-Mode: navigate", "Sec-Fetch-Site: same-origin"}, 303, strict, []string{"Location", "Clear-Site-Data"}},
		"panic, image": {"GET", "/x", []string{"Sec-Fetch-Mode: no-cors"}, 303, strict, []string{"Location"}},
		"panic, fetch": {"GET", "/x", []string{"Sec-Fetch-Mode: cors", "Sec-Fetch-Site: same-origin"}, 303, strict, []string{"Location"}},
		"panic, link":  {"GET", "/x", []string{"Sec-Fetch-Mode: navigate", "Sec-Fetch-Site: cross-site"}, 303, strict, []string{"Location"}},
		"panic, near":  {"GET", "/x", []string{"Sec-Fetch-Mode: navigate", "Sec-Fetch-Site: same-site"}, 303, strict, []string{"Location"}},
	}
	plain := serve(t, web.Config{})
	secure := httptest.NewTLSServer(web.Handler(web.Config{}))
	t.Cleanup(secure.Close)
	servers := map[string]struct {
		server *httptest.Server
		hsts   bool
	}{
		"plain":     {plain, false},
		"TLS":       {secure, true},
		"TLS proxy": {serve(t, web.Config{BehindTLS: true}), true},
	}
	for name, test := range tests {
		for where, on := range servers {
			t.Run(name+"/"+where, func(t *testing.T) {
				a := ask(t, on.server, test.method, test.target, test.header...)
				if a.code != test.code {
					t.Errorf("status %d, want %d", a.code, test.code)
				}
				expected := append([]string{"Content-Security-Policy", "Date", "Connection"}, test.also...)
				if a.code != 304 {
					expected = append(expected, "Content-Length")
				}
				if on.hsts {
					expected = append(expected, "Strict-Transport-Security")
				}
				for key, value := range always {
					expected = append(expected, key)
					if got := a.header.Values(key); !slices.Equal(got, []string{value}) {
						t.Errorf("%s = %q, want %q", key, got, value)
					}
				}
				for _, key := range expected {
					if len(a.header.Values(key)) != 1 {
						t.Errorf("%s = %q, want one", key, a.header.Values(key))
					}
				}
				for key := range a.header {
					if !slices.Contains(expected, key) {
						t.Errorf("unexpected %s: %q", key, a.header.Values(key))
					}
				}
				if got := withoutHashes(a.header.Get("Content-Security-Policy")); got != test.policy {
					t.Errorf("policy %s\nwant %s", got, test.policy)
				}
				if a.head > 1100 {
					t.Errorf("%d bytes of headers, want at most 1,100", a.head)
				}
				if n := a.header.Get("Content-Length"); n != "" && test.method != "HEAD" && n != strconv.Itoa(len(a.body)) {
					t.Errorf("Content-Length %s, but %d bytes came", n, len(a.body))
				}
				if (test.method == "HEAD" || a.code == 303 || a.code == 304) && len(a.body) != 0 {
					t.Errorf("a body of %d bytes", len(a.body))
				}
				if a.code == 303 && a.header.Get("Location") != "./" {
					t.Errorf("Location %q, want ./", a.header.Get("Location"))
				}
				if c := a.header.Get("Clear-Site-Data"); c != "" && c != `"cache", "storage"` {
					t.Errorf("Clear-Site-Data %s", c)
				}
				if allow := a.header.Get("Allow"); allow != "" && allow != "GET, HEAD" {
					t.Errorf("Allow %s", allow)
				}
			})
		}
	}
}

func withoutHashes(policy string) string {
	parts := strings.Split(policy, "'sha256-")
	for i, p := range parts[1:] {
		_, rest, _ := strings.Cut(p, "='")
		parts[i+1] = "…'" + rest
	}
	return strings.Join(parts, "'sha256-")
}

// TestServedBytes asks for every file in dist and compares what comes with the
// file on disk and with MANIFEST.
func TestServedBytes(t *testing.T) {
	s := serve(t, web.Config{})
	for name, sum := range manifest(t) {
		plain, encoding := name, "identity"
		if p, ok := strings.CutSuffix(name, ".br"); ok {
			plain, encoding = p, "br"
		} else if p, ok := strings.CutSuffix(name, ".gz"); ok {
			plain, encoding = p, "gzip"
		}
		path, lang, contentType := "/"+plain, "en", "application/json"
		if base, ok := strings.CutSuffix(plain, ".html"); ok {
			base, lang, _ = strings.Cut(base, ".")
			path, contentType = "/"+strings.TrimSuffix(base, "index"), "text/html; charset=utf-8"
		} else if strings.HasSuffix(plain, ".js") {
			contentType = "text/javascript; charset=utf-8"
		} else if strings.HasSuffix(plain, ".txt") {
			contentType = "text/plain; charset=utf-8"
		}
		t.Run(name, func(t *testing.T) {
			a := ask(t, s, "GET", path, "Accept-Encoding: "+encoding, "Accept-Language: "+lang)
			disk, err := os.ReadFile(filepath.Join("dist", name))
			if err != nil {
				t.Fatal(err)
			}
			if a.code != 200 || !bytes.Equal(a.body, disk) {
				t.Errorf("%d, %d bytes; want those %d of dist/%s", a.code, len(a.body), len(disk), name)
			}
			if got := fmt.Sprintf("%x", sha256.Sum256(a.body)); got != sum {
				t.Errorf("SHA-256 %s, want %s", got, sum)
			}
			if got := a.header.Get("Content-Type"); got != contentType {
				t.Errorf("Content-Type %s, want %s", got, contentType)
			}
			if got := a.header.Get("Etag"); got != `"`+sum[:12]+`"` {
				t.Errorf("ETag %s, want the beginning of %s", got, sum)
			}
			vary := "Accept-Encoding"
			if strings.HasSuffix(plain, ".html") {
				vary += ", Accept-Language"
			}
			if got := a.header.Get("Vary"); got != vary {
				t.Errorf("Vary %s, want %s", got, vary)
			}
			if got := a.header.Get("Content-Encoding"); got != strings.TrimPrefix(encoding, "identity") {
				t.Errorf("Content-Encoding %q, want %q", got, encoding)
			}
			unchanged := ask(t, s, "GET", path, "Accept-Encoding: "+encoding, "Accept-Language: "+lang, "If-None-Match: "+a.header.Get("Etag"))
			if unchanged.code != 304 {
				t.Errorf("%d for If-None-Match with the ETag, want 304", unchanged.code)
			}
			head := ask(t, s, "HEAD", path, "Accept-Encoding: "+encoding, "Accept-Language: "+lang)
			if got := head.header.Get("Content-Length"); got != strconv.Itoa(len(disk)) {
				t.Errorf("Content-Length of HEAD %s, want %d", got, len(disk))
			}
		})
	}
}

// languages are those of the document; the texts have the first two.
var languages = []string{"en", "sw", "fr", "es", "pt", "ar", "hi"}

// TestBudget holds the document to the first flight of a TCP connection, ten
// segments of 1,460 bytes, as Chromium and Firefox ask for it.
func TestBudget(t *testing.T) {
	secure := httptest.NewTLSServer(web.Handler(web.Config{}))
	t.Cleanup(secure.Close)
	for _, lang := range languages {
		a := ask(t, secure, "GET", "/", "Accept-Encoding: gzip, deflate, br, zstd", "Accept-Language: "+lang)
		t.Logf("%s: %d bytes of headers, %d of document", lang, a.head, len(a.body))
		if len(a.body) > 12900 {
			t.Errorf("%s: the document has %d bytes, want at most 12,900", lang, len(a.body))
		}
		if a.head > 1100 {
			t.Errorf("%s: the headers have %d bytes, want at most 1,100", lang, a.head)
		}
	}
	// What a phone loads after the first paint: the conversation and the engine of
	// private numbers while somebody types, voice notes with the first one, the rest
	// when it is asked for.
	most := map[string]int{lazy(t, "rest-"): 11_900, lazy(t, "numbers-"): 2_100, lazy(t, "side-"): 5_500}
	for _, lang := range languages {
		most[lazy(t, "more-"+lang+"-")], most[lazy(t, "strings-"+lang+"-")], most["/help-"+lang+".json"] = 19_200, 2_800, 2_500
	}
	for path, most := range most {
		n := len(ask(t, secure, "GET", path, "Accept-Encoding: br").body)
		t.Logf("%s: %d bytes", path, n)
		if n > most {
			t.Errorf("%s: %d bytes, want at most %d", path, n, most)
		}
	}
}

// TestPrefix mounts the page below a path, as an embedder does.
func TestPrefix(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/some/where/", http.StripPrefix("/some/where", web.Handler(web.Config{})))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	for path, code := range map[string]int{
		"/some/where/": 200, "/some/where/about": 200, "/some/where" + lazy(t, "more-"): 200,
		"/some/where/x": 303, "/some/where/nothing": 404,
	} {
		a := ask(t, s, "GET", path)
		if a.code != code {
			t.Errorf("%s: %d, want %d", path, a.code, code)
		}
		if bytes.Contains(a.body, []byte("/some")) || strings.Contains(a.header.Get("Location"), "/some") {
			t.Errorf("%s answers with its own prefix", path)
		}
		if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			continue
		}
		// The namespace of SVG only looks like an address.
		body := bytes.ReplaceAll(a.body, []byte("http://www.w3.org/2000/svg"), nil)
		if at := absolute.FindIndex(body); at != nil {
			t.Errorf("%s has an absolute URL: %s", path, body[max(0, at[0]-40):min(len(body), at[1]+40)])
		}
	}
}

var absolute = regexp.MustCompile("[\"'`]/[a-z]|(?:href|src)=/|url\\(/|https?://|//#")

// TestNoEcho: nothing that a request says comes back, so that nothing that was
// typed into the address bar by mistake is shown, kept or reflected.
func TestNoEcho(t *testing.T) {
	s := serve(t, web.Config{})
	const canary = "kanari0712345678"
	for _, method := range []string{"GET", "HEAD", "POST"} {
		for _, target := range []string{"/" + canary, "/?" + canary, "/x?" + canary, "/about/" + canary} {
			a := ask(t, s, method, target, "Accept-Language: "+canary, "Accept-Encoding: "+canary, "Cookie: a="+canary,
				"Origin: https://"+canary, "Referer: https://"+canary, "X-Forwarded-Host: "+canary, "Content-Length: 0")
			if bytes.Contains(a.body, []byte(canary)) || strings.Contains(fmt.Sprint(a.header), canary) {
				t.Errorf("%s %s says it again", method, target)
			}
			if len(a.header.Values("Set-Cookie")) != 0 {
				t.Errorf("%s %s sets a cookie", method, target)
			}
		}
	}
}

// TestDocumentHash: what the program prints, what MANIFEST lists, what the
// help sheet says and what is served are one.
func TestDocumentHash(t *testing.T) {
	s := serve(t, web.Config{})
	hash := web.DocumentHash()
	if want := manifest(t)["index.en.html"][:12]; hash != want {
		t.Errorf("DocumentHash = %s, MANIFEST says %s", hash, want)
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(ask(t, s, "GET", "/").body)); !strings.HasPrefix(got, hash) {
		t.Errorf("DocumentHash = %s, what is served has %s", hash, got)
	}
	for i, lang := range languages {
		want := manifest(t)["index."+lang+".html"][:12]
		if !bytes.Contains(ask(t, s, "GET", "/help-"+lang+".json").body, []byte(want)) {
			t.Errorf("the help in %s does not say %s", lang, want)
		}
		if i < 2 && !bytes.Contains(ask(t, s, "GET", "/security", "Accept-Language: "+lang).body, []byte(want)) {
			t.Errorf("/security in %s does not say %s", lang, want)
		}
	}
}

// TestDeps: what only builds the page must not get into a relay.
func TestDeps(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "sotto/web").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "sotto/internal/secheaders") {
		t.Fatalf("go list says nothing of use: %q", deps)
	}
	for _, dep := range deps {
		first, _, _ := strings.Cut(dep, "/")
		if strings.Contains(first, ".") || first == "sotto" && dep != "sotto/web" && dep != "sotto/internal/secheaders" {
			t.Errorf("package web depends on %s", dep)
		}
	}
}
