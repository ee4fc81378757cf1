# Makes files in a directory without end, after those that are there. Number N takes the place
# N % 64 of an older one when it is durable, and is said when that is durable too. A file consists of
# its number in 1 + N * 7919 % 5000 lines.
use strict;
use warnings;
use IO::Handle;

my ($directory) = @ARGV;
my $number = 0;
for my $path (glob "$directory/[0-9]*") {
    open my $file, '<', $path or die "$path: $!";
    my $line = <$file>;
    $number = $line if $line > $number;
}
open my $names, '<', $directory or die "$directory: $!";
while (++$number) {
    my $path = "$directory/new";
    open my $file, '>', $path or die "$path: $!";
    print $file "$number\n" x (1 + $number * 7919 % 5000) or die "$path: $!";
    $file->flush && $file->sync && close $file or die "$path: $!";
    rename $path, "$directory/" . $number % 64 or die "$path: $!";
    $names->sync or die "$directory: $!";
    syswrite STDOUT, "file $number\n" or die "nobody listens: $!";
}
