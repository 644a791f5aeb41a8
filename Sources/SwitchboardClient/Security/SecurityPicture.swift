/// One picture of a security code, and the word by which two people can name it to each other.
public struct SecurityPicture: Sendable, Hashable {
    /// One code point that is drawn as a picture.
    public let emoji: String
    /// In English.
    public let name: String
}

extension SecurityPicture {
    /// One for each value of a byte. Part of the protocol: the order never changes, and all clients have the same list
    /// (Tests/Traces/security-emoji.json).
    static let all: [SecurityPicture] = list.split(separator: "\n").map { line in
        let parts = line.split(separator: " ", maxSplits: 1)
        return SecurityPicture(emoji: String(parts[0]), name: String(parts[1]))
    }

    private static let list = """
        🐶 dog
        🐱 cat
        🐭 mouse
        🐰 rabbit
        🦊 fox
        🐻 bear
        🐼 panda
        🐨 koala
        🐯 tiger
        🦁 lion
        🐮 cow
        🐷 pig
        🐸 frog
        🐵 monkey
        🐔 chicken
        🐧 penguin
        🦆 duck
        🦅 eagle
        🦉 owl
        🦇 bat
        🐺 wolf
        🐗 boar
        🐴 horse
        🦄 unicorn
        🐝 bee
        🐛 caterpillar
        🦋 butterfly
        🐌 snail
        🐞 ladybird
        🐜 ant
        🦂 scorpion
        🐢 turtle
        🐍 snake
        🦎 lizard
        🐙 octopus
        🦑 squid
        🦐 shrimp
        🦀 crab
        🐬 dolphin
        🐳 whale
        🦈 shark
        🐊 crocodile
        🦓 zebra
        🦍 gorilla
        🐘 elephant
        🦏 rhinoceros
        🐫 camel
        🦒 giraffe
        🐑 sheep
        🐐 goat
        🦌 deer
        🦃 turkey
        🦔 hedgehog
        🐉 dragon
        🌵 cactus
        🌲 fir tree
        🌴 palm tree
        🍀 clover
        🍁 maple leaf
        🍄 mushroom
        🌹 rose
        🌻 sunflower
        🌷 tulip
        🌈 rainbow
        🌙 moon
        ⭐ star
        🔥 fire
        🌊 wave
        ⛄ snowman
        ⚡ lightning
        🌍 globe
        🍏 green apple
        🍐 pear
        🍊 orange
        🍋 lemon
        🍌 banana
        🍉 watermelon
        🍇 grapes
        🍓 strawberry
        🍒 cherries
        🍑 peach
        🍍 pineapple
        🥝 kiwi
        🍅 tomato
        🥑 avocado
        🍆 aubergine
        🥔 potato
        🥕 carrot
        🌽 corn
        🥒 cucumber
        🥦 broccoli
        🥜 peanuts
        🌰 chestnut
        🍞 bread
        🥐 croissant
        🥨 pretzel
        🧀 cheese
        🥚 egg
        🥓 bacon
        🥩 steak
        🍔 hamburger
        🍟 chips
        🍕 pizza
        🥪 sandwich
        🌮 taco
        🥗 salad
        🍝 spaghetti
        🍜 noodles
        🍣 sushi
        🍚 rice
        🍦 ice cream
        🍩 doughnut
        🍪 biscuit
        🎂 birthday cake
        🥧 pie
        🍫 chocolate
        🍬 sweet
        🍭 lollipop
        🍯 honey
        🍿 popcorn
        🥛 milk
        ☕ coffee
        🥄 spoon
        ⚽ football
        🏀 basketball
        🏈 rugby
        ⚾ baseball
        🎾 tennis
        🏐 volleyball
        🎱 billiards
        🏓 table tennis
        🏸 badminton
        🥊 boxing glove
        🎯 dartboard
        🎳 bowling
        🎣 fishing rod
        🏆 trophy
        🥇 medal
        🎿 skis
        🛷 sledge
        🏹 bow and arrow
        🎮 game controller
        🎲 dice
        🧩 jigsaw piece
        🎨 palette
        🎤 microphone
        🎧 headphones
        🎹 piano
        🥁 drum
        🎷 saxophone
        🎺 trumpet
        🎸 guitar
        🎻 violin
        🚗 car
        🚕 taxi
        🚌 bus
        🚑 ambulance
        🚒 fire engine
        🚚 lorry
        🚜 tractor
        🚲 bicycle
        🛵 scooter
        🚦 traffic light
        🚂 locomotive
        🚁 helicopter
        🚀 rocket
        🛸 flying saucer
        ⛵ sailing boat
        🚢 ship
        ⚓ anchor
        🚠 cable car
        🏠 house
        🏰 castle
        🗽 statue
        ⛺ tent
        🎪 circus
        🎡 big wheel
        🎢 roller coaster
        ⛲ fountain
        🌋 volcano
        🌉 bridge
        ⌚ watch
        📱 telephone
        💻 laptop
        📷 camera
        📺 television
        📻 radio
        ⏰ alarm clock
        ⌛ hourglass
        🔋 battery
        🔌 plug
        💡 light bulb
        🔦 torch
        💰 money bag
        💎 diamond
        🔧 spanner
        🔨 hammer
        🔩 screw
        🧲 magnet
        🔭 telescope
        🔬 microscope
        🚪 door
        🚿 shower
        🎁 present
        🎈 balloon
        🎀 ribbon
        🎉 party popper
        📦 parcel
        📚 books
        📎 paper clip
        📌 drawing pin
        📏 ruler
        🔑 key
        🔒 padlock
        🔍 magnifying glass
        🔔 bell
        📢 loudspeaker
        🧭 compass
        🧯 fire extinguisher
        🧹 broom
        🧺 basket
        🧼 soap
        🧽 sponge
        👑 crown
        👒 hat
        🎩 top hat
        👓 glasses
        👔 tie
        👕 shirt
        👖 jeans
        👗 dress
        👟 trainers
        👠 high heel
        👢 boot
        🧦 socks
        🧤 gloves
        🧣 scarf
        👜 handbag
        🎒 rucksack
        🌂 umbrella
        💍 ring
        👻 ghost
        🤖 robot
        👽 alien
        🎃 pumpkin
        🧠 brain
        👀 eyes
        👂 ear
        👣 footprints
        🦴 bone
        🦷 tooth
        🐾 paw prints
        🍼 baby bottle
        🛒 shopping trolley
        🎬 clapperboard
        📰 newspaper
        """
}
