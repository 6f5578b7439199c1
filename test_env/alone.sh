# Sourced by what makes an image and takes a key out of it: two that do so at a time would leave the image of one with the
# key of the other. The file's lock goes with the shell that holds it.
exec 9>"$(dirname "${BASH_SOURCE[0]}")/keys/lock"
flock 9
