# Makes a Swift file of an article: its code, one block after the other, in a function of the article's name.
# Usage: awk -f articles.awk ARTICLE.md
BEGIN { name = ARGV[1]; sub(/.*\//, "", name); sub(/\.md$/, "", name) }
/^```/ { inside = !inside && /^```swift$/; next }
inside && /^import / { imports = imports $0 "\n"; next }
inside { code = code "  " $0 "\n" }
END { printf "%s\nfunc article%s() throws {\n%s}\n", imports, name, code }
