package main

import (
	"fmt"
	"io"
	"runtime/debug"

	"sotto/web"
)

// buildVersion is the module's version, or the shortened commit it was built
// from, or "unknown".
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return "unknown"
}

// printVersion says what this binary is and which page it serves, so that
// anyone can compare the page with its source.
func printVersion(w io.Writer) error {
	info, _ := debug.ReadBuildInfo()
	_, err := fmt.Fprintf(w, "sotto %s %s\npage %s\n", buildVersion(), info.GoVersion, web.DocumentHash())
	return err
}
