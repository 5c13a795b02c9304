# Prints the recordings of sysstat of the last PW_DAYS days, oldest file first. PW_REPORT: -u for CPU, -q for load
# average. PW_FOLDERS: where to look; if empty, where sysstat's configuration says. Changes nothing: packed files are
# unpacked to a temporary folder, which is deleted.
LC_ALL=C
export LC_ALL
echo 'patchwarden-sar begin'
if ! command -v sadf >/dev/null 2>&1; then
  echo 'problem;no-sadf'
  echo 'patchwarden-sar end'
  exit 0
fi
# The value of SA_DIR as a shell reads it: quoted or not, and a comment may follow.
sa_dir() {
  sed -nE "s/^[[:space:]]*SA_DIR=(\"([^\"]*)\"|'([^']*)'|([^[:space:];#]*)).*/\2\3\4/p" "$1" | tail -n 1
}
folder=
for file in /etc/sysstat/sysstat /etc/sysconfig/sysstat; do
  [ -z "$PW_FOLDERS" ] && [ -r "$file" ] && folder=$(sa_dir "$file")
  [ -n "$folder" ] && break
done
for each in $PW_FOLDERS /var/log/sysstat /var/log/sa; do
  [ -n "$folder" ] && [ -d "$folder" ] && break
  folder=$each
done
unpacked=$(mktemp -d) || exit 1
trap 'rm -rf "$unpacked"' EXIT
find "$folder/" -maxdepth 1 -name 'sa[0-9]*' -mtime "-$PW_DAYS" 2>/dev/null | sort | while IFS= read -r file; do
  read_from=$file
  case $file in
    *.xz) tool='xz -dc' ;;
    *.gz) tool='gzip -dc' ;;
    *.bz2) tool='bzip2 -dc' ;;
    *) tool= ;;
  esac
  if [ -n "$tool" ]; then
    read_from=$unpacked/sa
    $tool "$file" >"$read_from" 2>/dev/null || { echo "problem;$(basename "$file") cannot be unpacked"; continue; }
  fi
  said=$(sadf -d -U "$read_from" -- "$PW_REPORT" 2>&1 >"$unpacked/out") ||
    echo "problem;$(basename "$file"): $(echo "$said" | head -n 1)"
  cat "$unpacked/out"
done
echo 'patchwarden-sar end'
