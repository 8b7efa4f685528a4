package main

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	gmtext "github.com/yuin/goldmark/text"
)

// pages are the texts, each a page of its own. The help sheet has those in it
// that are for the people who talk.
var (
	pages     = []string{"about", "security", "host"}
	helpPages = pages[:2]
)

// text is one Markdown file, as HTML for its page and as blocks for the help
// sheet, which builds its elements itself and wants no HTML.
type text struct {
	title  string // its first heading
	html   []byte
	blocks [][2]string // tag and plain text
}

// readText reads a Markdown file. {{hash}} in it stands for the document's
// hash.
func readText(src tree, name, hash string) (*text, error) {
	content, err := fs.ReadFile(src, name)
	if err != nil {
		return nil, err
	}
	content = bytes.ReplaceAll(content, []byte("{{hash}}"), []byte(hash))
	t, err := parseText(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

func parseText(content []byte) (*text, error) {
	md := goldmark.New()
	root := md.Parser().Parse(gmtext.NewReader(content))
	t := new(text)
	for n := root.FirstChild(); n != nil; n = n.NextSibling() {
		if err := t.addBlock(n, content); err != nil {
			return nil, err
		}
	}
	if len(t.blocks) == 0 || t.blocks[0][0] != "h2" {
		return nil, errors.New("it must begin with a heading of the first level")
	}
	t.title = t.blocks[0][1]
	var b bytes.Buffer
	if err := md.Renderer().Render(&b, content, root); err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	t.html = bytes.TrimSpace(b.Bytes())
	return t, nil
}

// addBlock takes the few kinds of blocks that the help sheet can show, and no
// other: a text that looked right on its page and was cut in the sheet would
// mislead whoever reads it there.
func (t *text) addBlock(n ast.Node, source []byte) error {
	tag := ""
	switch n := n.(type) {
	case *ast.Heading:
		if n.Level > 2 {
			return errors.New("headings go to the second level only")
		}
		// The sheet has the page's own heading above it.
		tag = fmt.Sprintf("h%d", n.Level+1)
	case *ast.Paragraph:
		tag = "p"
	case *ast.List:
		for item := n.FirstChild(); item != nil; item = item.NextSibling() {
			if item.ChildCount() != 1 || n.IsOrdered() {
				return errors.New("lists are of plain points, one paragraph each")
			}
			plain, err := plainText(item.FirstChild(), source)
			if err != nil {
				return err
			}
			t.blocks = append(t.blocks, [2]string{"li", plain})
		}
		return nil
	default:
		return fmt.Errorf("%s can't be shown in the help sheet", n.Kind())
	}
	plain, err := plainText(n, source)
	if err != nil {
		return err
	}
	t.blocks = append(t.blocks, [2]string{tag, plain})
	return nil
}

// plainText is what a reader sees of a block, in one line.
func plainText(n ast.Node, source []byte) (string, error) {
	var b strings.Builder
	err := ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering || n.Type() == ast.TypeBlock {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			b.Write(n.Segment.Value(source))
			if n.SoftLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.CodeSpan, *ast.Emphasis, *ast.Link:
		default:
			return ast.WalkStop, fmt.Errorf("%s can't be shown in the help sheet", n.Kind())
		}
		return ast.WalkContinue, nil
	})
	return strings.TrimSpace(html.UnescapeString(b.String())), err
}

// renderPage makes the page of one text. All pages are titled like the
// document, as the title is what remains in a browser's history.
func renderPage(src tree, l string, t *table, texts map[string]*text, page string) ([]byte, error) {
	style, err := minifyStyle(src, "pages/page.css")
	if err != nil {
		return nil, err
	}
	var nav strings.Builder
	fmt.Fprintf(&nav, `<a href="./">%s</a>`, html.EscapeString(t.values["title"]))
	for _, other := range pages {
		current := ""
		if other == page {
			current = " aria-current=page"
		}
		fmt.Fprintf(&nav, `<a href="./%s"%s>%s</a>`, other, current, html.EscapeString(texts[other].title))
	}
	return fill(src, "pages/page.html", map[string]string{
		"{{lang}}":     l,
		"{{dir}}":      t.values["dir"],
		"{{title}}":    html.EscapeString(t.values["title"]),
		"{{nav}}":      nav.String(),
		"{{text}}":     string(texts[page].html),
		"<!--style-->": element("<style>", style, "</style>"),
	})
}
