package relay

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"sotto/wire"
)

// The catalogue has every reason and every close code that there is, and each
// row once.
func TestCatalogue_IsWhole(t *testing.T) {
	for _, reason := range reasons(t) {
		if !slices.ContainsFunc(catalogue, func(a answer) bool { return a.reason == reason && a.code == 0 }) {
			t.Errorf("no row answers %q", reason)
		}
	}
	for _, code := range wire.CloseCodes() {
		if a := closeOf(code, nil); a.label != strconv.Itoa(int(code)) || a.reason == "" {
			t.Errorf("close code %d has the row %+v", code, a)
		}
	}
	for i, a := range catalogue {
		if slices.Contains(catalogue[:i], a) {
			t.Errorf("the row %+v is there twice", a)
		}
		if a.counter == "" && a.label != "" || a.counter != "" && a.label == "" {
			t.Errorf("the row %+v is half counted", a)
		}
	}
}

// Every row is given somewhere: its name, or the reason or code it is made of,
// is used outside the catalogue.
func TestCatalogue_EveryRowIsUsed(t *testing.T) {
	used := map[string]bool{}
	for _, dir := range []string{".", "../roomactor", "../wire"} {
		for path, text := range sources(t, dir) {
			if path != "catalogue.go" && path != "../wire/names.go" {
				for _, word := range regexp.MustCompile(`\w+`).FindAllString(text, -1) {
					used[word] = true
				}
			}
		}
	}
	text := sources(t, ".")["catalogue.go"]
	rows := regexp.MustCompile(`(?m)^\t((?:http|reply|silent)\w+) +=|(?:ofJoin|ofRoom|closing)\(wire\.(\w+)`).FindAllStringSubmatch(text, -1)
	for _, row := range rows {
		if name := row[1] + row[2]; !used[name] {
			t.Errorf("nothing gives %s", name)
		}
	}
	if len(rows) < 40 {
		t.Errorf("found only %d names", len(rows))
	}
}

// reasons lists the values of wire's constants of type Reason.
func reasons(t *testing.T) (values []string) {
	for _, found := range regexp.MustCompile(`\tReason\w+ +Reason = "(\w+)"`).FindAllStringSubmatch(sources(t, "../wire")["../wire/names.go"], -1) {
		values = append(values, found[1])
	}
	if len(values) < 19 {
		t.Fatalf("found only the reasons %v", values)
	}
	return values
}

// sources reads the Go files of a directory, without tests.
func sources(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if !strings.HasSuffix(path, "_test.go") {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files[path] = string(text)
		}
	}
	return files
}

// PROTOCOL.md has the catalogue as a table, row for row; only what each row
// means stands there alone.
func TestCatalogue_IsInTheProtocol(t *testing.T) {
	text, err := os.ReadFile("../wire/PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n| by | told |")
	table, _, _ = strings.Cut(table, "\n\n")
	rows := strings.Split(table, "\n")[2:] // without the head
	for i, a := range catalogue {
		want := fmt.Sprintf("| %s | %s | %s | %s | %s | ", a.by(), dash(a.reason), a.counted(), a.logged(), again(a.retry))
		if i >= len(rows) || !strings.HasPrefix(rows[i], want) || len(rows[i]) < len(want)+len("x |") {
			t.Fatalf("row %d should be %q and what it means", i+1, want)
		}
	}
	if len(rows) != len(catalogue) {
		t.Errorf("the table has %d rows; want %d", len(rows), len(catalogue))
	}
}

func (a answer) by() string {
	switch {
	case a.status != 0:
		return fmt.Sprint("HTTP ", a.status)
	case a.code != 0:
		return fmt.Sprint("close ", a.code)
	case a.reason != "":
		return "reply"
	}
	return dash("")
}

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func (a answer) counted() string {
	if a.counter == "" {
		return "–"
	}
	return strings.TrimSuffix(strings.TrimPrefix(a.counter, "sotto_"), "_total") + ": " + a.label
}

func (a answer) logged() string {
	if a.level == zerolog.Disabled {
		return "–"
	}
	return a.level.String()
}

func again(retry bool) string {
	if retry {
		return "yes"
	}
	return "no"
}
