/**
 * The microcontrollers Thumbnet knows. Facts only, one line a part.
 *
 * flash, ram  KiB; ram is the largest contiguous block an arena can use
 * MHz         highest clock of the core
 * fpu         single (sp), double (dp) or none
 * wait        flash wait states at that clock, - where unknown or external
 * cache       none: at most a prefetch buffer; flash: a cache on the flash; l1: caches of the core; xip: external flash behind a cache
 * uA/MHz, V   run current while inferring and the supply it holds for
 * power       measured: MLPerf Tiny energy over latency on this part (or its twin); vendor: data sheet figure, a best case;
 *             board: current of a whole board; none: not known
 * source      keys of SOURCES below; GK marks general knowledge that no document confirmed
 */
export const TARGET_TABLE = `
name                    core  flash  ram   MHz  fpu   wait  cache  uA/MHz  V    power     source                boards
stm32f072rb             m0    128    16    48   none  1     none   260     3    vendor    OPD                   nucleo-f072rb
stm32l053r8             m0+   64     8     32   none  1     none   87      3    vendor    OPD                   nucleo-l053r8
stm32g071rb             m0+   128    36    64   none  2     flash  100     3    vendor    GK+OPD                nucleo-g071rb
stm32g0b1re             m0+   512    144   64   none  2     flash  100     3    vendor    GK+OPD                nucleo-g0b1re
stm32c071rb             m0+   128    24    48   none  1     none   80      3    vendor    GK+OPD                nucleo-c071rb
stm32u083rc             m0+   256    40    56   none  2     none   52      3    vendor    GK+OPD                nucleo-u083rc
atsamd21g18a            m0+   256    32    48   none  1     none   70      3    vendor    GK+TMX                seeed-xiao arduino-zero
rp2040                  m0+   2048   256   133  none  -     xip    180     3.3  board     BHAR+GK+WIKI          raspberry-pi-pico pico
stm32f103cb             m3    128    20    72   none  2     none   373     3    vendor    OPD                   blue-pill
stm32f103rc             m3    256    48    72   none  2     none   500     3    vendor    GK+TMX                stm32_mini
stm32l152re             m3    512    80    32   none  1     none   195     3    vendor    OPD                   nucleo-l152re
stm32f303re             m4    512    64    72   sp    2     none   392     3    vendor    OPD                   nucleo-f303re
stm32f401re             m4    512    96    84   sp    2     flash  137     3    vendor    OPD                   nucleo-f401re
stm32f407vg             m4    1024   128   168  sp    5     flash  215     3    vendor    OPD                   stm32f4discovery
stm32f411re             m4    512    128   100  sp    3     flash  100     3    vendor    OPD                   nucleo-f411re black-pill
stm32f412zg             m4    1024   256   100  sp    3     flash  112     3    vendor    OPD                   nucleo-f412zg
stm32f446re             m4    512    128   180  sp    5     flash  167     3    vendor    OPD                   nucleo-f446re
stm32g474re             m4    512    128   170  sp    4     flash  163     3    vendor    GK+OPD                nucleo-g474re
stm32l476rg             m4    1024   96    80   sp    4     flash  100     3    vendor    OPD+THA               nucleo-l476rg b-l475e-iot01a
stm32l4r5zi             m4    2048   640   120  sp    5     flash  208.1   1.8  measured  GK+MLPT+OPD           nucleo-l4r5zi
stm32wb55rg             m4    1024   192   64   sp    3     flash  90      3    vendor    GK+OPD                p-nucleo-wb55
nrf52840                m4    1024   256   64   sp    2     flash  52      3    vendor    GK+ZDOC               nrf52840-dk arduino-nano-33-ble
apollo3-blue-plus       m4    2000   700   96   sp    -     flash  6       3    vendor    GK+HELIA              apollo3p_evb
apollo4-plus            m4    2000   1024  192  sp    -     flash  4       1.8  vendor    GK+HELIA              apollo4p_evb
lpc4337                 m4    1024   40    204  sp    9     flash  -       3    none      GK+TMX                edu-ciaa
cy8c62                  m4    2048   1024  150  sp    -     flash  -       3    none      GK+MLPT               cy8cproto-062-4343w psoc62
m467hjhae               m4    1024   512   200  sp    -     flash  -       3    none      GK+MLPT               numaker-m467hj numicro-m467
stm32f746ng             m7    1024   256   216  sp    7     l1     472     3    vendor    OPD+ZDT               32f746g-discovery nucleo-f746zg
stm32f767zi             m7    2048   384   216  dp    7     l1     420     3    vendor    OPD                   nucleo-f767zi 32f769i-disco
stm32h743zi             m7    2048   512   480  dp    4     l1     270     3    vendor    OPD+ZDT               nucleo-h743zi2
stm32h747xi             m7    2048   512   480  dp    4     l1     -       3    none      GK+OPD                stm32h747i-disco arduino-portenta-h7
stm32h7a3zi             m7    2048   1024  280  dp    6     l1     164.4   3    measured  MLPT+OPD+ZDT          nucleo-h7a3zi-q
stm32h7s3z8             m7    64     456   600  dp    -     l1     270     3    vendor    GK+OPD                nucleo-h7s3l8
mimxrt1062              m7    1984   512   600  dp    -     xip    167     5    board     FHUB+PJRC             mimxrt1060-evk imxrt1062 teensy-4.0 teensy-4.1
stm32l552ze             m33   512    256   110  sp    5     flash  96      3    vendor    GK+OPD                nucleo-l552ze-q
stm32u575zi             m33   2048   768   160  sp    4     flash  87.7    1.8  measured  MLPT+OPD+PROBE        nucleo-u575zi-q
stm32u585ai             m33   2048   768   160  sp    4     flash  87.7    1.8  measured  MLPT+OPD+PROBE        b-u585i-iot02a
stm32u385rg             m33   1024   256   96   sp    3     flash  30.6    1.8  measured  GK+MLPT+STCOM         nucleo-u385rg-q
stm32h563zi             m33   2048   640   250  sp    5     flash  120     3    vendor    ARDST+GK+OPD          nucleo-h563zi
stm32h573ii             m33   2048   640   250  sp    5     flash  120     3    vendor    GK+OPD                stm32h573i-dk
nrf5340                 m33   1024   512   128  sp    -     flash  62      3    vendor    GK+MLPT+ZDOC          nrf5340-dk
nrf54l15                m33   1524   256   128  sp    -     flash  20.3    3    vendor    GK+NORDIC             nrf54l15-dk
r7fa6m4af3cfb           m33   1024   256   200  sp    -     flash  99      3    vendor    GK+MLPT               ek-ra6m4 ra6m4
efr32mg24b310f1536im48  m33   1536   256   78   sp    -     none   67.8    1.8  measured  GK+MLPT               xg24-dk2601b
rp2350                  m33   4096   512   150  sp    -     xip    133     3.3  board     GK+WIKI               raspberry-pi-pico-2 pico-2
mcxn947                 m33   2048   416   150  sp    -     flash  -       3    none      EAB+GK                frdm-mcxn947
apollo510               m55   4096   3072  250  dp    -     l1     -       3    none      HELIA                 apollo510_evb
alif-e7-hp              m55   5632   4096  400  dp    -     l1     -       3    none      ALIF+GK               alif-e8-devkit alif-ensemble-e7 alif-e8-hp
alif-e3-he              m55   5632   4096  160  dp    -     l1     -       3    none      ALIF+GK               alif-e3 alif-ensemble-e3
stm32n657x0             m55   65536  1024  800  dp    -     xip    -       3    none      GK+OPD                nucleo-n657x0-q stm32n6570-dk
r7fa8d1bhecbd           m85   2048   896   480  dp    -     l1     225     3    vendor    GK+ZDOC+ZDT           ek-ra8d1 ra8d1-vision-board ra8d1 r7fa8d1ahecbd
r7fa8m1ahecbd           m85   2048   896   480  dp    -     l1     -       3    none      GK                    ek-ra8m1 ra8m1
`;

/** Where the facts come from. */
export const SOURCES: Readonly<Record<string, string>> = {
  ALIF: 'alifsemi.com, Ensemble white paper',
  ARDST: 'stm32duino/Arduino_Core_STM32 c80f4a5, boards.txt',
  BHAR: 'bharathsudharsan README, board table',
  EAB: 'embedded-agent-bridge benchmark, 2026-02-24',
  FHUB: 'foresthub.ai, i.MX RT1062',
  GENERIC: 'a core with clock, flash and RAM as given',
  GK: 'general knowledge, unconfirmed',
  HELIA: 'AmbiqAI/helia-profiler 01ae7b31, soc.py',
  MLPT: 'MLPerf Tiny results v0.5 to v1.3: systems/*.json, energy and latency',
  NORDIC: 'docs.nordicsemi.com, product specification',
  OPD: 'STMicroelectronics/STM32_open_pin_data 3d64b107, mcu/*.xml',
  OWN: 'a description of the user',
  PJRC: 'pjrc.com and its forum, Teensy 4',
  PROBE: 'probe.rs, target page STM32U585CIUx',
  STCOM: 'st.com, product page of the part',
  THA: 'tha.de, STM32L476 course page (memory map)',
  TMX: 'sipeed/TinyMaix 0532eceb, docs/porting and benchmark',
  WIKI: 'Wikipedia, RP2350',
  ZDOC: 'docs.zephyrproject.org, board pages',
  ZDT: 'zephyrproject-rtos/zephyr, device tree files',
};
