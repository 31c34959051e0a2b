# Reads and writes the little JSON that the store needs, with bash and awk alone: a restore has to be
# decided before there is a server that could parse it.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text AWK_JSON awk/json.awk
read_text AWK_JSON_FLATTEN awk/json_flatten.awk

# usage: json_flatten FILE   Status 65 unless the file is JSON, complete to its last brace.
json_flatten() { awk "$AWK_JSON$AWK_JSON_FLATTEN" "$1"; }

# usage: json_quote TEXT
json_quote() {
	local text="$1" out="" char code i

	if [[ "$text" != *[$'"\\\x01'-$'\x1f']* ]]; then
		printf '"%s"' "$text"
		return
	fi
	for ((i = 0; i < ${#text}; i++)); do
		char="${text:i:1}"
		case "$char" in
		'"' | \\) out+="\\$char" ;;
		[$'\x01'-$'\x1f'])
			printf -v code '\\u%04x' "'$char"
			out+="$code"
			;;
		*) out+="$char" ;;
		esac
	done
	printf '"%s"' "$out"
}

# usage: json_text VARIABLE TOKEN   Sets VARIABLE to the text that the JSON token stands for; null is empty.
# Only our own writers' escapes are known (to_json, json_quote): \uXXXX stays below 128.
json_text() {
	local -n target="$1"
	local token="$2" i char

	target=""
	[[ "$token" != null ]] || return 0
	if [[ "$token" != \"* ]]; then
		target="$token"
		return
	fi
	token="${token:1:${#token}-2}"
	if [[ "$token" != *\\* ]]; then
		# shellcheck disable=SC2034 # a name reference
		target="$token"
		return
	fi
	for ((i = 0; i < ${#token}; i++)); do
		char="${token:i:1}"
		if [[ "$char" == \\ ]]; then
			i=$((i + 1))
			char="${token:i:1}"
			case "$char" in
			b) char=$'\b' ;; f) char=$'\f' ;; n) char=$'\n' ;; r) char=$'\r' ;; t) char=$'\t' ;;
			u)
				printf -v char '%b' "\\x${token:i+3:2}"
				((i += 4))
				;;
			esac
		fi
		target+="$char"
	done
}

# usage: json_says FLAT KEY TOKEN   0 if json_flatten's answer FLAT has KEY with this value, else 1.
json_says() { [[ $'\n'"$1"$'\n' == *$'\n'"$2"$'\t'"$3"$'\n'* ]]; }
