// Asks Go which of many random patterns it takes and what they match: the
// lines of go.tsv, which Tracewell's translation of patterns is compared with.
//
//	go run testdata/patterns/make.go > testdata/patterns/go.tsv
//
// Each line is a pattern, and for each of the texts of the first line 1 where
// it matches whole and 0 where not; `refused` where Go does not take the
// pattern. Strings are quoted as in JSON.
package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"regexp"
	"strings"
)

// What patterns are made of: all that Go's syntax has, and what it lacks.
var pieces = strings.Split(`a|b|aa|Ab|é|k|0|_| |-|{|}|]|,|/|<|>|=|#|&|&&|~~|--|.|.*|.+|^|$|(|(|)|)|\||\||*|+|?|*?|??|+?|*+|**|{0}|{1}|{2}|{0,1}|{2,}|{,2}|{1,2}|{2,1}|{01}|{1001}|{40}|{40}|{id}|{}|{,}|{1|{1,|{1,x}|(?:|(?i)|(?i:|(?-i)|(?s)|(?-s:|(?m)|(?U)|(?x)|(?u)|(?R)|(?i-s)|(?i-i)|(?-U)|(?-)|(?)|(?=|(?!|(?<=|(?<n>|(?P<n>|(?P<m_1>|(?P<1>|(?P<é>|(?P=n)|(?#|(?>|\a|\A|\z|\Z|\b|\B|\b{start}|\C|\d|\D|\s|\S|\w|\W|\h|\R|\X|\e|\v|\t|\n|\x41|\x{61}|\x{}|\x{D800}|\x{110000}|\x4|\u0061|\u{61}|\0|\01|\101|\1|\8|\9|\07|\Q|\E|\Qa.b\E|\Q\E|\<|\>|\-|\_|\@|\.|\{|\}|\\|\é|\pL|\PL|\pX|\p{Lu}|\p{Greek}|\p{^Greek}|\P{^Lu}|\p{greek}|\p{Letter}|\p{Uppercase_Letter}|\p{Alphabetic}|\p{sc=Greek}|\p{Any}|\p{ASCII}|\p{}|\p{|[a]|[^a]|[]a]|[^]a]|[]|[^]|[[]|[a-c]|[c-a]|[a-]|[-a]|[a-b-c]|[--a]|[a&&b]|[a--b]|[a~~b]|[[a]b]|[[:alpha:]]|[[:^alpha:]]|[^[:digit:]]|[[:foo:]]|[[:alpha]|[:alpha:]|[[:word:]k]|[\d]|[\D]|[^\D]|[\w-z]|[a-\d]|[\b]|[\n]|[\x61-\x63]|[\pL]|[^\pL]|[\]a]|[\Qa\E]|[|[a|[^|[\|[K]|[^K]|[k-l]`, "|")

var texts = []string{
	"", "a", "b", "A", "aa", "ab", "aab", "Ab", "é", "k", "K", "\u212a", "\u017f", "0", "00", "٣", "_", " ", "-", "\n", "a\nb", "{", "}", "{id}", "a{,2}", "a{1", "[", "]", "[a]", "a]", "&", "<", "<a", "a.b", "a|b", "Ω", "α", "Σ", "ς", "\\", ",", "aaaaaaaaaaaaaaaa", "@", "x", "a}", "/a/0",
}

func random(r *rand.Rand) string {
	// "|" and "\|" were split apart above: put them in here.
	all := append([]string{"|", "|", `\|`}, pieces...)
	var b strings.Builder
	for n := 1 + r.Intn(5); n > 0; n-- {
		b.WriteString(all[r.Intn(len(all))])
	}
	return b.String()
}

func quoted(text string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic(err)
	}
	return strings.TrimSpace(b.String())
}

// What Prometheus and Tempo do: alone first, then anchored.
func answer(pattern string) string {
	if _, err := regexp.Compile(pattern); err != nil {
		return "refused"
	}
	compiled, err := regexp.Compile("^(?s:" + pattern + ")$")
	if err != nil {
		return "refused"
	}
	var b strings.Builder
	for _, text := range texts {
		if compiled.MatchString(text) {
			b.WriteByte('1')
		} else {
			b.WriteByte('0')
		}
	}
	return b.String()
}

func main() {
	var line []string
	for _, text := range texts {
		line = append(line, quoted(text))
	}
	fmt.Println(strings.Join(line, "\t"))
	count := 2500
	if len(os.Args) > 1 {
		fmt.Sscan(os.Args[1], &count)
	}
	r := rand.New(rand.NewSource(7))
	seen := map[string]bool{}
	for _, piece := range pieces {
		fmt.Printf("%s\t%s\n", quoted(piece), answer(piece))
		seen[piece] = true
	}
	for len(seen) < count {
		pattern := random(r)
		if !seen[pattern] {
			seen[pattern] = true
			fmt.Printf("%s\t%s\n", quoted(pattern), answer(pattern))
		}
	}
}
