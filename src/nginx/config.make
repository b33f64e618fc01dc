# Sourced by nginx's auto/make after ../../config, which set mezz_root and mezz_srcs. Gives our objects, and no
# other object of the build, their compiler flags and their header dependencies.

mezz_objs=
for mezz_src in $mezz_srcs; do
    mezz_obj=addon/`basename \`dirname $mezz_src\``/`basename $mezz_src .cpp`.$ngx_objext
    mezz_objs="$mezz_objs $NGX_OBJS/$mezz_obj"
done
mezz_deps=`echo $mezz_objs | sed -e "s#\.$ngx_objext#.d#g"`

# -isystem wins over the same directory given with -I later: nginx's headers and macros then pass our warnings.
# nginx's own -W flags come first on the command line, ours add to them.
cat << END                                                    >> $NGX_MAKEFILE

MEZZ_OBJS =	$mezz_objs

\$(MEZZ_OBJS):	CFLAGS += -std=c++23 -fvisibility=hidden -fno-gnu-unique \\
	-Wall -Wextra -Wconversion -Wshadow -MMD -MP \\
	-I $mezz_root/src \$(subst -I ,-isystem ,\$(ALL_INCS)) \$(MEZZ_CXXFLAGS)

\$(MEZZ_OBJS):	$mezz_root/src/nginx/config.make $NGX_AUTO_CONFIG_H

-include $mezz_deps

END
