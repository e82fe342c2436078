# The IEEE's registries (oui.txt, mam.txt, oui36.txt) as one line an assignment: hex digits, tab, name.
#
#     00-1B-21   (hex)        Intel Corporate          the first six digits
#     001B21     (base 16)    Intel Corporate          the same, or the range below them:
#     900000-9FFFFF (base 16) IOG Products LLC         one digit more (MA-M), or three (MA-S)
{ sub(/\r$/, "") }
/\(hex\)/ { six = $1; gsub("-", "", six) }
/\(base 16\)/ {
    key = $1
    if (split($1, ends, "-") == 2) {
        same = 0
        while (same < 6 && substr(ends[1], same + 1, 1) == substr(ends[2], same + 1, 1)) same++
        key = six substr(ends[1], 1, same)
    }
    sub(/.*\(base 16\)[ \t]*/, "")
    sub(/[ \t]+$/, "")
    if ($0 != "" && $0 != "Private") print key "\t" $0
}
